import json

from odoo import api, models

from odoo.addons.finance_connector_base.exceptions import FinanceApiError, FinanceApiNotFound
from odoo.addons.reporting_export.tools.pages import CursorError, read_page

_MOST_ROWS = 5_000


class FinanceApi(models.AbstractModel):
    """Finished runs of exports, for consumers that fetch them page by page."""

    _inherit = "finance.api"

    @api.model
    def list_runs(self, interface: str, after: str | None = None, limit: int = 80) -> list:
        """Finished runs over one of the caller's interfaces, the oldest first.

        A run that is still read, was held or cancelled is not among them: what is listed is complete and proven.

        ::

            POST /json/2/finance.api/list_runs
            {"interface": "warehouse.pull", "after": "6f9d..."}

            200 [{"run": "7a1b...", "dataset": "journal_items", "contract_version": 1, "kind": "incremental",
                  "rows": 1200, "manifest_digest": "9f86d0...", "delivered_at": "2026-11-23T08:00:00Z"}]

        :param str interface: code of an interface that lists the caller
        :param str | None after: leave out this run and those before it
        :param int limit: at most this many, 1 to 200
        :return: see above
        :raise FinanceApiError: an argument cannot be used (HTTP 422)
        :raise FinanceApiNotFound: the caller has no such interface or run (HTTP 404)
        """
        found = self._find_interface(interface)
        self._check_number("limit", limit, 1, 200)
        domain = [("export_id.interface_id", "=", found.id), ("state", "=", "delivered")]
        if after is not None:
            domain.append(("id", ">", self._find_run(after).id))
        return [
            {
                "run": run.uid,
                "dataset": run.dataset_id.code,
                "contract_version": run.contract_id.number,
                "kind": run.kind,
                "rows": run.row_count,
                "manifest_digest": run.manifest_digest,
                "delivered_at": self._time(run.exchange_id.date_acknowledged),
            }
            for run in found.env["reporting.run"].search(domain, limit=limit, order="id")
        ]

    @api.model
    def get_manifest(self, run: str) -> dict:
        """The manifest of a finished run: its files, control totals, contract, watermark and predecessor.

        ::

            POST /json/2/finance.api/get_manifest
            {"run": "7a1b..."}

        :param str run: as ``list_runs`` names it
        :return: the manifest
        :raise FinanceApiNotFound: the caller has no such run (HTTP 404)
        """
        return json.loads(self._find_run(run).exchange_id._content())

    @api.model
    def read_rows(self, run: str, cursor: str | None = None, limit: int = 1000) -> dict:
        """Rows of a finished run, page by page. The same cursor gives the same rows, for as long as the run is kept.

        ::

            POST /json/2/finance.api/read_rows
            {"run": "7a1b...", "limit": 1000}

            200 {"rows": [{"id": 17, "balance": "10.5", "_operation": "upsert", ...}], "next": "1000", "total": 1200}

        Each row is as the JSON Schema of the contract describes it, with ``_operation``: ``upsert``, or ``delete`` for
        the key of a row that is gone. The run is read when ``next`` is null; what was read then are the manifest's
        rows.

        :param str run: as ``list_runs`` names it
        :param str | None cursor: ``next`` of the page before
        :param int limit: at most this many rows, 1 to 5000
        :return: see above
        :raise FinanceApiError: an argument cannot be used (HTTP 422)
        :raise FinanceApiNotFound: the caller has no such run (HTTP 404)
        """
        found = self._find_run(run)
        self._check_number("limit", limit, 1, _MOST_ROWS)
        files = {record.path: record for record in found.file_ids}
        try:
            rows, following = read_page(
                found.contract_id._contract(),
                [(record.path, record.row_count, record.operation) for record in files.values()],
                lambda path: files[path]._content(),
                cursor,
                limit,
            )
        except CursorError as error:
            raise FinanceApiError(self.env._("cursor: %s", error)) from error
        return {
            "rows": rows,
            "next": following,
            "total": sum(record.row_count for record in files.values()),
        }

    @api.model
    def _find_run(self, uid):
        interfaces = self._interfaces()
        self._check_text("run", uid)
        found = interfaces.env["reporting.run"].search(
            [
                ("uid", "=", uid),
                ("export_id.interface_id", "in", interfaces.ids),
                ("state", "=", "delivered"),
            ]
        )
        if not found or found.file_format != "parquet":
            raise FinanceApiNotFound(self.env._("run: you have no finished run %s.", uid))
        return found
