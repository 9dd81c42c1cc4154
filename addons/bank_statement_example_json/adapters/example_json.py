from urllib.parse import quote, urlencode

from odoo import api, models

from odoo.addons.bank_statement_api.tools import canonical
from odoo.addons.bank_statement_api.tools.documents import AccountRef
from odoo.addons.bank_statement_api.tools.nextgenpsd2 import ApiAccount
from odoo.addons.finance_connector_base.tools.errors import FinalError


class FinanceAdapterExampleJson(models.AbstractModel):
    """A bank that answers with canonical statements, one for each day: ``docs/write-an-adapter.md`` goes through it."""

    _name = "finance.adapter.example_json"
    _inherit = ["bank.statement.api.caller", "finance.adapter"]
    _description = "Adapter of the Example Bank"

    _adapter_label = "Example bank (JSON)"
    _capabilities = frozenset({"fetch_statements"})
    _connection_fields = ("endpoint", "allow_private_address")
    _credential_kinds = (("api_key",),)

    @api.model
    def _test_connection(self, connection):
        count = len(self._list_accounts(connection, None))
        return self.env._("The bank lists %(count)s accounts.", count=count)

    @api.model
    def _list_accounts(self, connection, consent):
        answer = self._call(connection, "GET", "accounts", scope="accounts").json()
        try:
            return tuple(
                ApiAccount(
                    resource_id=item["id"],
                    account=AccountRef(iban=item["iban"], currency=item["currency"]),
                    name=item.get("name"),
                )
                for item in answer["accounts"]
            )
        except (KeyError, TypeError) as error:
            raise FinalError(
                "The bank's list of accounts is not as documented.", code="answer_incomplete"
            ) from error

    @api.model
    def _fetch_window(self, feed, date_from, date_to):
        reference = feed.resource_ref
        query = urlencode({"from": date_from, "to": date_to})
        response = self._call(
            feed.connection_id,
            "GET",
            f"accounts/{quote(reference, safe='')}/statements?{query}",
            scope=f"statements:{reference}",
        )
        # The bytes are stored as they came; what they mean is found out afterwards, by the reader of their format.
        if not canonical.matches(response.body):
            raise FinalError("The bank's answer holds no statements.", code="answer_incomplete")
        return response.body

    # === CALLS === #

    @api.model
    def _token(self, connection, refused=False):
        return connection._secret("api_key")
