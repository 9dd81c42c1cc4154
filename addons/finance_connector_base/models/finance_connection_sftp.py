from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.finance_connector_base.tools import sftp_address, sftp_client
from odoo.addons.finance_connector_base.tools.errors import FinanceError, describe


class FinanceConnection(models.Model):
    """The way out over SFTP, to the one server whose key a person trusted."""

    _inherit = "finance.connection"

    host_key = fields.Char(
        string="Server Key",
        tracking=True,
        help="SFTP: kind and SHA-256 fingerprint of the server's key. A server that shows another one is refused.",
    )
    asks_host_key = fields.Boolean(compute="_compute_asks_host_key")

    # === COMPUTE METHODS === #

    @api.depends("adapter")
    def _compute_asks_host_key(self):
        for connection in self:
            connection.asks_host_key = (
                connection.adapter and "host_key" in connection._adapter()._connection_fields
            )

    # === CONSTRAINT METHODS === #

    @api.constrains("host_key")
    def _check_host_key(self):
        for connection in self:
            key = sftp_address.parse_host_key(connection.host_key)
            if connection.host_key and not (key and key.fingerprint.startswith("SHA256:")):
                raise ValidationError(
                    self.env._(
                        "A server key reads like “ssh-ed25519 SHA256:…”: its kind, a blank and its SHA-256 fingerprint."
                    )
                )

    # === ACTION METHODS === #

    def action_ask_host_key(self):
        """Ask the server which key it has, and show it; nothing is trusted yet.

        :return: action that opens the dialogue
        :raise UserError: the server cannot be reached, or must not be
        """
        self.ensure_one()
        self.check_access("write")
        try:
            key = self._fetch_host_key()
        except FinanceError as error:
            report = describe(error)
            raise UserError(f"{report.message}\n{report.next_step}".strip()) from error
        dialogue = self.env["finance.connection.host.key"].create(
            {"connection_id": self.id, "host_key": str(key)}
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Is This Your Bank's Server?"),
            "res_model": dialogue._name,
            "res_id": dialogue.id,
            "view_mode": "form",
            "target": "new",
        }

    # === BUSINESS METHODS === #

    def _fetch_host_key(self):
        """:return: the key that the server shows now
        :rtype: HostKey
        """
        self.ensure_one()
        with self._call("host_key"):
            return sftp_client.fetch_host_key(
                sftp_address.parse_address(self.endpoint),
                allow_private=self.sudo().allow_private_address,
            )

    def _sftp_client(self, **options):
        """The way out to this connection's server; a context manager.

        :param options: further arguments of :class:`SftpClient`
        :rtype: SftpClient
        :raise FinalError: the connection belongs to another environment or region, or is not set up
        """
        self.ensure_one()
        connection_sudo = self.sudo()
        self.env["finance.environment"]._check_may_call(connection_sudo)
        private_key = connection_sudo._secret("private_key", required=False)
        return sftp_client.SftpClient(
            sftp_address.parse_address(connection_sudo.endpoint),
            sftp_address.parse_host_key(connection_sudo.host_key),
            private_key=private_key,
            password=None if private_key else connection_sudo._secret("password"),
            allow_private=connection_sudo.allow_private_address,
            **options,
        )
