from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import quote

from odoo import api, models

from odoo.addons.bank_statement_api.tools import isabel
from odoo.addons.bank_statement_api.tools.nextgenpsd2 import loads
from odoo.addons.finance_connector_base.tools.errors import BusinessError, RetryableError

from .ibanity import MAX_PAGES

PAGE_SIZE = 50


class FinanceAdapterIsabel(models.AbstractModel):
    """Account reports over Isabel Connect of Ibanity: CODA, MT940 and CAMT files as the banks made them.

    They go the way of all files: known by their bytes, booked by their format. The feed's cursor is the time at which
    Isabel received the last file that is stored here.
    """

    _name = "finance.adapter.isabel"
    _inherit = ["bank.statement.ibanity", "finance.adapter"]
    _description = "Adapter of Isabel Connect"

    _adapter_label = "Isabel Connect (Ibanity)"
    _capabilities = frozenset({"pick_up_files"})
    _suggestions = {
        "endpoint": "https://api.ibanity.com/isabel-connect",
        "token_url": "https://api.ibanity.com/isabel-connect/oauth2/token",
        "oauth_scope": "AI offline_access",
    }

    @api.model
    def _test_connection(self, connection):
        if not self._is_granted(connection):
            return self._test_certificate(connection)
        total = self._page(connection, 0, 1).total
        return self.env._("Isabel lists %(count)s account reports.", count=total)

    @api.model
    def _pick_up(self, feed):
        since = datetime.fromisoformat(feed.sync_cursor) if feed.sync_cursor else None
        since = since or datetime.now(UTC) - timedelta(days=feed.history_days)
        # The oldest first: what was stored before a failure has not to be read again.
        for report in sorted(self._new(feed.connection_id, since), key=lambda one: one.received_at):
            if not feed._wants_file(report.name):
                continue
            content = self._call(
                feed.connection_id,
                "GET",
                f"account-reports/{quote(report.identifier, safe='')}",
                scope="account-reports",
                headers={"Accept": "text/plain"},
            ).body
            if report.size not in (None, len(content)):
                raise RetryableError(
                    f"Isabel announced {report.size} bytes for {report.name} and sent {len(content)}.",
                    code="file_incomplete",
                )
            yield report.name, content, partial(self._remember, feed, report)

    @api.model
    def _remember(self, feed, report, duplicate):
        feed.sync_cursor = report.received_at.isoformat()
        self.env["finance.exchange"]._checkpoint()

    @api.model
    def _new(self, connection, since):
        """The reports received since a moment, itself included: two may have come in the same second.

        A report that comes while the pages are read moves the others on by one: the pages overlap by it.
        """
        found, offset = {}, 0
        for _page in range(MAX_PAGES):
            page = self._page(connection, offset, PAGE_SIZE)
            found |= {report.identifier: report for report in page.reports}
            offset += len(page.reports)
            past = page.reports and min(report.received_at for report in page.reports) < since
            if past or not page.reports or offset >= page.total:
                return [report for report in found.values() if report.received_at >= since]
        raise RetryableError(
            "Isabel's pages do not come to an end.", code="paging_endless", retry_after=900.0
        )

    @api.model
    def _page(self, connection, offset, size):
        response = self._call(
            connection,
            "GET",
            f"account-reports?page[offset]={offset}&page[size]={size}",
            scope="account-reports",
            counted=not offset,
        )
        return isabel.page(loads(response.body))

    # === CONSENT === #

    @api.model
    def _request_consent(self, consent, return_address, state):
        return self._authorize(consent, return_address, state)

    @api.model
    def _complete_consent(self, consent, external_ref, parameters, return_address):
        return self._redeem(consent, external_ref, parameters, return_address)

    @api.model
    def _consent_state(self, consent, external_ref):
        try:
            self._page(consent.connection_id, 0, 1)
        except BusinessError as error:
            if error.code == "consent_expired":
                return "expired" if external_ref == consent.external_ref else "received"
            raise
        return "valid"
