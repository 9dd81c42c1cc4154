from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import ExportCase


@tagged("post_install", "-at_install")
class TestAccess(ExportCase):
    """Figures leave a company only by those who may see them."""

    def test_nobody_exports_a_company_he_does_not_work_for(self):
        with self.assertRaises(UserError):
            self.make_export().with_user(self.manager).write(
                {"entity_ids": [(4, self.company_b.id)]}
            )
        with self.assertRaises(UserError):
            self.env["reporting.export"].with_user(self.manager).create(
                {
                    "name": "All",
                    "dataset_id": self.env.ref("reporting_export.dataset_payments").id,
                    "interface_id": self.reporting.id,
                    "entity_ids": [(6, 0, (self.company_a | self.company_b).ids)],
                }
            )

    def test_runs_of_other_companies_are_not_seen(self):
        self.make_invoice(10)
        run = self.run_export(self.make_export())
        self.assertTrue(run.file_ids)
        self.assertTrue(run.with_user(self.viewer).has_access("read"))
        stranger = self.users["manager", "b"]
        self.assertFalse(
            self.env["reporting.run"].with_user(stranger).search([("id", "=", run.id)])
        )
        with self.assertRaises(AccessError):
            run.with_user(stranger).read(["totals"])
        with self.assertRaises(AccessError):
            run.file_ids.with_user(stranger).read(["path"])

    def test_viewer_starts_and_cancels_nothing(self):
        export = self.make_export()
        with self.assertRaises(AccessError):
            export.with_user(self.viewer).action_run()
        run = export._start("full")
        with self.assertRaises(AccessError):
            run.with_user(self.viewer).action_cancel()
        with self.assertRaises(AccessError):
            run.with_user(self.manager).write({"totals": []})

    def test_operator_cancels_a_run_that_waits(self):
        run = self.make_export()._start("full")
        run.with_user(self.operator).action_cancel()
        run.exchange_id._job_send()
        self.assertEqual(run.state, "cancelled")
        self.assertFalse(run.file_ids)
