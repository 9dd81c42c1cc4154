from odoo import models
from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.finance_connector_base.tools.errors import FinanceError


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    def session_info(self):
        info = super().session_info()
        if self.env.user.has_group("finance_connector_base.group_finance_viewer"):
            info["finance_environment"] = self.env["finance.environment"]._banner()
        return info

    @classmethod
    def _dispatch(cls, endpoint):
        """Tell a person what happened and what to do, where the web client would show a traceback; programs that call
        JSON-2 get the error with its own name.
        """
        try:
            return super()._dispatch(endpoint)
        except FinanceError as error:
            if request.dispatcher.routing_type == "json2":
                raise
            raise UserError(request.env["finance.exception"]._in_words_of(error)) from error
