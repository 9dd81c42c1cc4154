from odoo import fields, models


class FinanceConnectionHostKey(models.TransientModel):
    """Show the key of a server, so that a person compares it with what the bank said."""

    _name = "finance.connection.host.key"
    _description = "Key of an SFTP Server"

    connection_id = fields.Many2one(
        "finance.connection", required=True, readonly=True, ondelete="cascade"
    )
    host_key = fields.Char(string="Key It Shows", required=True, readonly=True)
    known_host_key = fields.Char(related="connection_id.host_key", string="Key Trusted So Far")

    def action_trust(self):
        """From now on accept this key of the server, and no other.

        :return: action that closes the dialogue
        """
        self.ensure_one()
        self.connection_id.host_key = self.host_key
        return {"type": "ir.actions.act_window_close"}
