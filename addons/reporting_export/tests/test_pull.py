from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.finance_connector_base.exceptions import FinanceApiError, FinanceApiNotFound

from .common import ExportCase


@tagged("post_install", "-at_install")
class TestPull(ExportCase):
    """A consumer fetches finished runs of its own interfaces, complete, and nothing else."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        kept = cls.make_connection("pull", company_id=cls.company_a.id)
        cls.pulled = cls.make_interface("reporting_run", kept)
        cls.pulled.api_user_ids = cls.api_user
        cls.make_invoice(100.0)
        cls.make_invoice(50.0)

    def api(self, user=None):
        return self.env["finance.api"].with_user(user or self.api_user)

    def pull(self, uid, limit):
        cursor, rows = None, []
        while True:
            page = self.api().read_rows(uid, cursor, limit)
            rows += page["rows"]
            cursor = page["next"]
            if cursor is None:
                return rows, page["total"]

    def test_pages_equal_the_manifest(self):
        run = self.run_export(self.make_export(interface_id=self.pulled.id))
        self.assertEqual(run.state, "delivered")
        [listed] = self.api().list_runs(self.pulled.code)
        self.assertEqual((listed["run"], listed["rows"]), (run.uid, run.row_count))
        rows, total = self.pull(run.uid, 3)
        manifest = self.api().get_manifest(run.uid)
        self.assertEqual((len(rows), total), (manifest["rows"], manifest["rows"]))
        self.assertEqual(len({row["id"] for row in rows}), len(rows))
        self.assertEqual(self.api().list_runs(self.pulled.code, after=run.uid), [])

    def test_run_that_is_held_is_not_there(self):
        run = self.make_export(interface_id=self.pulled.id)._start("full")
        self.assertEqual(self.api().list_runs(self.pulled.code), [])
        with self.assertRaises(FinanceApiNotFound):
            self.api().read_rows(run.uid)

    def test_other_callers_find_nothing(self):
        run = self.run_export(self.make_export(interface_id=self.pulled.id))
        with self.assertRaises(FinanceApiNotFound):
            self.api(self.users["api", "b"]).read_rows(run.uid)
        with self.assertRaises(AccessError):
            self.api(self.viewer).read_rows(run.uid)
        with self.assertRaises(FinanceApiError):
            self.api().read_rows(run.uid, "x")
        with self.assertRaises(FinanceApiError):
            self.api().read_rows(run.uid, None, 10_000)

    def test_files_are_no_pages(self):
        run = self.run_export(self.make_export(interface_id=self.pulled.id, file_format="csv"))
        self.assertEqual(run.exchange_id.exception_ids.code, "export_format_refused")


@tagged("post_install", "-at_install")
class TestBackfill(ExportCase):
    """Some months again, without the schedule losing its place."""

    def backfill(self, export, first, last, user=None, **values):
        return (
            self.env["reporting.backfill"]
            .with_user(user or self.operator)
            .create({"export_id": export.id, "date_from": first, "date_to": last, **values})
        )

    def test_a_run_for_each_month_and_the_next_one_goes_on(self):
        self.make_invoice(100.0)
        export = self.make_export(kind="incremental")
        first = self.run_export(export)
        self.backfill(export, "2026-01-15", "2026-03-01").action_start()
        runs = export.run_ids.filtered(lambda run: run.kind == "backfill").sorted("date_from")
        self.assertEqual(
            [(str(run.date_from), str(run.date_to)) for run in runs],
            [
                ("2026-01-01", "2026-01-31"),
                ("2026-02-01", "2026-02-28"),
                ("2026-03-01", "2026-03-31"),
            ],
        )
        for run in runs:
            run.exchange_id._job_send()
        self.assertEqual(set(runs.mapped("state")), {"delivered"})
        self.assertEqual(sum(runs.mapped("row_count")), first.row_count)
        following = self.run_export(export)
        self.assertEqual(following.previous_id, first)

    def test_nonsense_and_strangers_are_refused(self):
        export = self.make_export()
        for first, last in (("2026-03-01", "2026-01-01"), ("1990-01-01", "2026-01-01")):
            with self.subTest(first), self.assertRaises(UserError):
                self.backfill(export, first, last).action_start()
        with self.assertRaises(UserError):
            self.backfill(
                export, "2026-01-01", "2026-01-01", entity_ids=[(6, 0, self.company_b.ids)]
            ).action_start()
        with self.assertRaises(AccessError):
            self.backfill(export, "2026-01-01", "2026-01-01", user=self.viewer)
