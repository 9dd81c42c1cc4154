import base64

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import StatementCase

MODELS = (
    "bank.statement.feed",
    "bank.statement.gap",
    "bank.statement.consent",
    "bank.statement.balance",
    "bank.statement.pending",
)


@tagged("post_install", "-at_install")
class TestAccess(StatementCase):
    """Operators bring statements, managers configure, viewers look, each in their own company."""

    def upload(self, user, content, company=None):
        attachment_model = self.env["ir.attachment"].with_user(user)
        attachment = attachment_model.create({"name": "s.xml", "datas": base64.b64encode(content)})
        wizard = (
            self.env["bank.statement.upload"]
            .with_user(user)
            .create(
                {
                    "company_id": (company or user.company_id).id,
                    "attachment_ids": [(6, 0, attachment.ids)],
                }
            )
        )
        return wizard.action_upload()

    def test_operator_uploads_and_the_lines_are_booked(self):
        action = self.upload(self.operator, self.file(("5.00", "x")))
        exchange = self.env["finance.exchange"].browse(action["res_id"])
        self.assertEqual(exchange.source, "upload")
        self.assertEqual(exchange.initiated_by_id, self.operator)
        exchange._job_process()
        self.assertEqual(self.lines().amount, 5.0)

    def test_uploading_twice_is_one_exchange(self):
        content = self.file(("5.00", "x"))
        first, second = (self.upload(self.operator, content)["res_id"] for _time in range(2))
        self.assertEqual(first, second)

    def test_viewer_cannot_upload(self):
        with self.assertRaises(AccessError):
            self.upload(self.viewer, self.file(("5.00", "x")))

    def test_operator_cannot_upload_for_another_company(self):
        with self.assertRaises(UserError):
            self.upload(self.operator, self.file(("5.00", "x")), company=self.company_b)

    def test_clear_copy_of_an_upload_is_removed(self):
        before = self.env["ir.attachment"].search_count([("name", "=", "s.xml")])
        self.upload(self.operator, self.file(("5.00", "x")))
        self.assertEqual(self.env["ir.attachment"].search_count([("name", "=", "s.xml")]), before)

    def test_only_managers_configure(self):
        connection = self.make_connection("nextgenpsd2", endpoint="https://bank.example")
        interface = self.make_interface("bank_statement", connection)
        vals = {
            "name": "Feed",
            "interface_id": interface.id,
            "journal_id": self.journal.id,
            "resource_ref": "r1",
        }
        for user in (self.viewer, self.operator, self.auditor, self.api_user):
            with self.assertRaises(AccessError):
                self.env["bank.statement.feed"].with_user(user).create(vals)
        feed = self.env["bank.statement.feed"].with_user(self.manager).create(vals)
        with self.assertRaises(AccessError):
            feed.with_user(self.operator).action_fetch_now()

    def test_records_of_another_company_are_invisible(self):
        self.bring(self.window([], pending=[("-1.00", "p")], closing="100.00"))
        connection = self.make_connection("nextgenpsd2", endpoint="https://bank.example")
        interface = self.make_interface("bank_statement", connection)
        feed = self.env["bank.statement.feed"].create(
            {
                "name": "Feed",
                "interface_id": interface.id,
                "journal_id": self.journal.id,
                "resource_ref": "r1",
            }
        )
        self.env["bank.statement.gap"].create(
            {"feed_id": feed.id, "date_from": "2026-03-01", "date_to": "2026-03-02", "reason": "x"}
        )
        self.env["bank.statement.consent"].create(
            {"name": "c", "connection_id": connection.id, "company_id": self.company_a.id}
        )
        stranger = self.users["manager", "b"]
        for model in MODELS:
            own = (
                self.env[model]
                .with_user(self.viewer)
                .search([("company_id", "=", self.company_a.id)])
            )
            self.assertTrue(own, model)
            self.assertFalse(
                self.env[model]
                .with_user(stranger)
                .search([("company_id", "=", self.company_a.id)]),
                model,
            )
            with self.assertRaises(AccessError):
                own.with_user(stranger).read(["id", "company_id"])

    def test_api_caller_sees_no_statement(self):
        for model in MODELS:
            with self.assertRaises(AccessError):
                self.env[model].with_user(self.api_user).search([])
