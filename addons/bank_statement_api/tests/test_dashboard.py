from datetime import timedelta
from decimal import Decimal

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.bank_statement_api.tests.camt_writer import Line
from odoo.addons.bank_statement_api.tests.common import DAY, StatementCase


@tagged("post_install", "-at_install")
class TestDashboard(StatementCase):
    """The overview tells the truth of the caller's companies, and is for viewers only."""

    def overview(self, user=None):
        user = user or self.viewer
        company = user.company_id
        return (
            self.env["finance.dashboard"]
            .with_user(user)
            .with_context(allowed_company_ids=company.ids)
            .get_overview()
        )

    def account(self):
        [account] = self.overview()["cash"]["accounts"]
        return account

    def test_account_without_statement_is_not_listed(self):
        cash = self.overview()["cash"]
        self.assertEqual(cash["accounts"], [])
        self.assertEqual(cash["to_review"], 0)

    def test_old_statement_is_not_complete(self):
        self.bring(self.file(("12.50", "Paid")))
        account = self.account()
        self.assertEqual(account["statement_date"], fields.Date.to_string(DAY))
        self.assertEqual(account["balance"], 112.5)
        self.assertEqual(account["health"], "manual")
        self.assertFalse(account["complete"])
        self.assertEqual(self.overview()["cash"]["to_review"], 1)

    def test_account_is_complete_until_gap_opens(self):
        yesterday = fields.Date.context_today(self.env.user) - timedelta(days=1)
        feed = self.env["bank.statement.feed"].create(
            {
                "name": "Feed",
                "interface_id": self.interface.id,
                "journal_id": self.journal.id,
                "resource_ref": "1",
                "covered_until": yesterday,
                "last_success_at": fields.Datetime.now(),
            }
        )
        self.assertTrue(self.account()["complete"])
        self.assertEqual(self.account()["health"], "ok")
        self.env["bank.statement.gap"].create(
            {"feed_id": feed.id, "date_from": DAY, "date_to": DAY, "reason": "Down"}
        )
        self.assertFalse(self.account()["complete"])
        self.assertEqual(self.account()["gap_since"], fields.Date.to_string(DAY))

    def test_account_whose_day_does_not_add_up_is_not_complete(self):
        yesterday = fields.Date.context_today(self.env.user) - timedelta(days=1)
        day = yesterday - timedelta(days=max(0, yesterday.weekday() - 4))
        self.bring(self.file(Line(day, Decimal("12.50"), "Paid", reference="R1")))
        account = self.account()
        self.assertEqual((account["complete"], account["broken_on"]), (True, None))
        self.lines().amount = 12.0
        account = self.account()
        self.assertEqual(
            (account["complete"], account["broken_on"]), (False, fields.Date.to_string(day))
        )

    def test_stuck_and_mine(self):
        self.interface.owner_id = self.operator
        self.bring(b"<Document")
        overview = self.overview(self.operator)
        self.assertEqual(
            [(item["status"], item["count"]) for item in overview["stuck"]], [("exception", 1)]
        )
        self.assertEqual((overview["mine"]["count"], overview["mine"]["overdue"]), (1, 0))
        self.assertEqual(self.overview()["mine"]["count"], 0)
        self.assertEqual(self.overview()["mine"]["open"], 1)

    def test_other_company_sees_nothing(self):
        self.bring(self.file(("12.50", "Paid")))
        self.bring(b"<Document")
        overview = self.overview(self.users["viewer", "b"])
        self.assertEqual(overview["cash"]["accounts"], [])
        self.assertEqual(overview["cash"]["to_review"], 0)
        self.assertEqual(overview["stuck"], [])
        self.assertEqual(overview["mine"]["open"], 0)

    def test_api_caller_is_refused(self):
        with self.assertRaises(AccessError):
            self.overview(self.users["api", "a"])
