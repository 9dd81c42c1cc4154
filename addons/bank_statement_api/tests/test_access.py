import base64
from decimal import Decimal
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .common import IBAN_B, StatementCase

MODELS = (
    "bank.statement.feed",
    "bank.statement.gap",
    "bank.statement.consent",
    "bank.statement.balance",
    "bank.statement.pending",
)
_ALL = ("create", "read", "unlink", "write")
_LOOK = dict.fromkeys(
    (
        *MODELS,
        "bank.statement.comparison",
        "bank.statement.comparison.day",
        "bank.statement.comparison.line",
        "bank.statement.match",
        "bank.statement.match.lesson",
        "bank.statement.match.precision",
        "bank.statement.match.proposal",
        "bank.statement.match.rule",
        "bank.statement.match.run",
        "bank.statement.notification",
        "bank.statement.profile",
        "bank.statement.shadow.line",
    ),
    ("read",),
)
_OPERATE = {
    **_LOOK,
    "bank.statement.pending": ("read", "write"),
    "bank.statement.upload": _ALL,
}
RIGHTS = {
    "bookkeeper": {},
    "api": {},
    "viewer": _LOOK,
    "auditor": _LOOK,
    "operator": _OPERATE,
    "manager": {
        **_OPERATE,
        **dict.fromkeys(
            (
                "bank.statement.comparison",
                "bank.statement.consent",
                "bank.statement.feed",
                "bank.statement.match.rule",
                "bank.statement.profile",
                "bank.statement.profile.try",
                "bank.statement.setup",
                "bank.statement.setup.account",
            ),
            _ALL,
        ),
    },
}
"""What each group may do to which records over RPC, as far as their own guards let it."""


@tagged("post_install", "-at_install")
class TestAccess(StatementCase):
    """Operators bring statements, managers configure, viewers look, each in their own company."""

    def upload(self, user, content, company=None):
        return self.choose(user, content, company=company).action_upload()

    def choose(self, user, *contents, company=None):
        attachments = (
            self.env["ir.attachment"]
            .with_user(user)
            .create([{"name": "s.xml", "datas": base64.b64encode(content)} for content in contents])
        )
        return (
            self.env["bank.statement.upload"]
            .with_user(user)
            .create(
                {
                    "company_id": (company or user.company_id).id,
                    "attachment_ids": [(6, 0, attachments.ids)],
                }
            )
        )

    def test_try_of_an_upload_says_what_it_would_do_and_keeps_nothing(self):
        """The files follow each other as they would, and one that is refused is named."""
        exchanges = self.env["finance.exchange"].search_count([])
        wizard = self.choose(
            self.operator,
            self.file(("5.00", "x")),
            self.file(("7.00", "y"), ("8.00", "z"), opening=Decimal("105.00"), sequence=2),
            b"no statement",
        )
        wizard.action_try()
        self.assertIn("1 lines booked", wizard.outcome)
        self.assertIn("2 lines booked", wizard.outcome)
        self.assertIn("is not a bank statement", wizard.outcome)
        self.assertIn("choose its column profile", wizard.outcome)
        self.assertNotIn("held", wizard.outcome)
        self.assertFalse(self.lines())
        self.assertEqual(self.env["finance.exchange"].search_count([]), exchanges)
        self.assertEqual(len(wizard.attachment_ids), 3, "the files are still there to be uploaded")
        wizard.action_upload()
        uploaded = self.env["finance.exchange"].search([("source", "=", "upload")], order="id")
        uploaded[1]._job_process()
        self.assertEqual(uploaded[1].work_status, "ready", "whichever job is the first")
        for exchange in uploaded:
            exchange._job_process()
        self.assertEqual(sorted(self.lines().mapped("amount")), [5.0, 7.0, 8.0])

    def test_try_that_fails_on_the_way_is_told_and_undoes_nothing_else(self):
        wizard = self.choose(self.operator, self.file(("5.00", "x")))
        importer_class = self.registry["bank.statement.importer"]
        with (
            patch.object(importer_class, "_import_locked", side_effect=ValueError("boom")),
            self.assertLogs(
                "odoo.addons.finance_connector_base.models.finance_exchange_state", "ERROR"
            ),
        ):
            wizard.action_try()
        self.assertIn("s.xml", wizard.outcome)
        self.assertIn("alert-warning", wizard.outcome)
        self.assertTrue(wizard.attachment_ids.exists())

    def test_bank_account_without_a_number_is_told_at_once(self):
        wizard = self.choose(self.operator, self.file(("5.00", "x")))
        wizard.journal_id = self.make_journal(self.company_a, "CH9300762011623852957", code="NONE")
        wizard.journal_id.sudo().bank_account_id = False
        for action in (wizard.action_try, wizard.action_upload):
            with self.assertRaisesRegex(UserError, "has no account number"):
                action()

    def test_statement_opens_its_lines(self):
        self.bring(self.file(("5.00", "x")))
        self.bring(self.file(("7.00", "y"), opening=Decimal("105.00"), sequence=2))
        line = self.lines().filtered(lambda line: line.amount == 7.0)
        action = line.statement_id.with_user(self.viewer).action_open_lines()
        self.assertEqual(self.env[action["res_model"]].search(action["domain"]), line)

    def test_viewer_cannot_try_an_upload(self):
        with self.assertRaises(AccessError):
            self.choose(self.viewer, self.file(("5.00", "x"))).action_try()

    def test_operator_uploads_and_the_lines_are_booked(self):
        action = self.upload(self.operator, self.file(("5.00", "x")))
        exchange = self.env["finance.exchange"].browse(action["res_id"])
        self.assertEqual(exchange.source, "upload")
        self.assertEqual(exchange.initiated_by_id, self.operator)
        self.assertEqual(exchange.sudo().payload_ids.filename, "s.xml")
        exchange._job_process()
        self.assertEqual(self.lines().amount, 5.0)
        # Each company has an interface of its own, whoever was the first and works for which companies.
        other = self.users["operator", "b"]
        other.company_ids |= self.company_a
        wizard = self.choose(other, self.file(("5.00", "x"), iban=IBAN_B))
        both = (self.company_a | self.company_b).ids
        action = wizard.with_context(allowed_company_ids=both).action_upload()
        exchange = self.env["finance.exchange"].browse(action["res_id"])
        self.assertEqual(exchange.company_id, self.company_b)
        self.assertEqual(exchange.connection_id.company_id, self.company_b)

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

    def test_each_group_touches_what_is_its_own(self):
        """The list is whole: a new model, or a right more or less, fails here."""
        models = [
            model
            for model in self.env.values()
            if model._original_module == "bank_statement_api" and not model._abstract
        ]
        bookkeeper = new_test_user(self.env, "bookkeeper", groups="account.group_account_manager")
        for group, wanted in RIGHTS.items():
            user = self.users.get((group, "a"), bookkeeper)
            rights = {
                model._name: tuple(
                    operation for operation in _ALL if model.with_user(user).has_access(operation)
                )
                for model in models
            }
            self.assertEqual({name: found for name, found in rights.items() if found}, wanted)

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
