from odoo import api, models
from odoo.tools import config

from odoo.addons.finance_connector_base.tools.errors import FinalError
from odoo.addons.finance_connector_base.tools.settings import read_settings


class FinanceEnvironment(models.AbstractModel):
    """Which environment this server was declared to be, and what that allows."""

    _name = "finance.environment"
    _description = "Finance Environment"

    @api.model
    def _settings(self):
        """What is declared outside the database.

        :rtype: Settings
        :raise SettingsError: a declared value cannot be used
        """
        return read_settings(config["config"])

    @api.model
    def _current(self):
        """:return: ``production``, ``test`` or ``sandbox``"""
        return self._settings().environment

    @api.model
    def _check_may_call(self, connection):
        """Refuse a connection that does not belong to this environment or region.

        Production reaches production only, and only production does: test data never enters real books, and a
        copy of the database never reaches a real bank.

        :param connection: ``finance.connection``, one record
        :raise FinalError: code ``environment_mismatch`` or ``region_not_allowed``
        """
        settings = self._settings()
        if (connection.environment == "production") != (settings.environment == "production"):
            raise FinalError(
                f"{connection.display_name} is a {connection.environment} connection, "
                f"but this server is declared as {settings.environment}.",
                code="environment_mismatch",
                next_step=(
                    "Use a connection of this environment, or correct `environment` in section [finance] of odoo.conf."
                ),
            )
        if settings.regions and (connection.region or "").strip().upper() not in settings.regions:
            raise FinalError(
                f"{connection.display_name} keeps its data in {connection.region or 'no declared region'}; "
                f"this server may use {', '.join(settings.regions)} only.",
                code="region_not_allowed",
                next_step="Set the region of the connection, or `region` in section [finance] of odoo.conf.",
            )

    @api.model
    def _recovery_mode(self):
        """
        :return: whether this database was restored and nothing may go out
        :rtype: bool
        """
        return bool(self.env["finance.instance"]._doubt())

    @api.model
    def _watch_instance(self):
        """Notice a restored database; the sweeper calls it before anything else.

        :return: whether recovery mode holds
        :rtype: bool
        """
        return self.env["finance.instance"]._watch()

    # === SCREENS === #

    @api.model
    def _banner(self):
        """:return: what the web client says about where the user is
        :rtype: dict
        """
        try:
            return {"name": self._current(), "recovery": self._recovery_mode()}
        except FinalError as exc:
            return {"name": "invalid", "recovery": False, "message": exc.message}

    @api.model
    def _self_checks(self):
        """What has to be right outside the database for the suite to work.

        :return: pairs of whether it is right and one sentence
        :rtype: list[tuple[bool, str]]
        """
        checks = []
        try:
            current = self._current()
        except FinalError as exc:
            return [(False, exc.message)]
        checks.append(
            (True, self.env._("This server is declared as %(environment)s.", environment=current))
        )
        try:
            ring = self.env["finance.vault"]._key_ring()
        except FinalError as exc:
            checks.append((False, f"{exc.message} {exc.next_step}"))
        else:
            usage = self.env["finance.vault"]._keys_in_use()
            old = sum(count for key_id, count in usage.items() if key_id != ring.current_key_id)
            missing = sorted(set(usage) - set(ring.key_ids))
            checks.append(
                (
                    not missing,
                    self.env._(
                        "Keys %(keys)s are in use but not in the key ring.", keys=", ".join(missing)
                    )
                    if missing
                    else self.env._(
                        "The key ring is in order: current key %(key)s, %(old)s values still under an older key.",
                        key=ring.current_key_id,
                        old=old,
                    ),
                )
            )
        if not config["dbfilter"] and len(config["db_name"]) != 1:
            checks.append(
                (
                    False,
                    self.env._(
                        "Webhooks need to know the database: set db_name, or a dbfilter for each host, in odoo.conf."
                    ),
                )
            )
        if self._recovery_mode():
            checks.append(
                (False, self.env._("Recovery mode: the database was restored, nothing is sent."))
            )
        return checks
