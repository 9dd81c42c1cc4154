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
