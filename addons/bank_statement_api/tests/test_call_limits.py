from odoo.tests import tagged

from .adapter_case import AdapterCase


@tagged("post_install", "-at_install")
class TestCallLimits(AdapterCase):
    """Whose calls are used up is said in the words of the books, on the list, the connection and the feed."""

    def setUp(self):
        super().setUp()
        self.feed = self.make_feed("gocardless", name="Main account")
        self.bank = self.feed.connection_id

    def use_up(self, scope):
        for _call in range(4):
            self.bank._guard_call(scope)
        self.env.invalidate_all()

    def rows(self):
        """:return: scope -> subject, purpose and state, as a viewer sees them"""
        quotas = self.env["finance.connection.quota"].with_user(self.viewer)
        return {
            row.scope: (row.subject, row.purpose, row.state)
            for row in quotas.search([("connection_id", "=", self.bank.id)])
        }

    def test_account_is_named_as_its_feed_and_consent_by_its_name(self):
        # NextGenPSD2 counts by account and consent, Plaid by the consent.
        for scope in ("transactions:acc", "balances:acc:c1", "item:c1"):
            self.bank._guard_call(scope)
        rows = self.rows()
        self.assertEqual(rows["transactions:acc"], ("Main account", "Bookings", "free"))
        self.assertEqual(rows["balances:acc:c1"], ("Main account", "Balances", "free"))
        self.assertEqual(rows["item:c1"][:2], ("gocardless", "State at the bank"))

    def test_account_that_no_feed_reads_is_named_as_the_bank_listed_it(self):
        setup = self.env["bank.statement.setup"].create(
            {"name": "Bank", "adapter": "gocardless", "company_id": self.company_a.id}
        )
        setup.connection_id = self.bank
        self.env["bank.statement.setup.account"].create(
            {"setup_id": setup.id, "resource_ref": "left", "name": "Savings"}
        )
        for scope in ("details:left", "details:unknown"):
            self.bank._guard_call(scope)
        rows = self.rows()
        self.assertEqual(rows["details:left"][0], "Savings")
        self.assertIn("unknown", rows["details:unknown"][0])

    def test_only_the_feed_whose_calls_are_used_up_says_that_it_waits(self):
        other = self.feed.copy(
            {
                "journal_id": self.make_journal(
                    self.company_a, "CH9300762011623852957", code="OTH"
                ).id,
                "resource_ref": "acc2",
            }
        )
        self.use_up("transactions:acc")
        feed = self.feed.with_user(self.viewer)
        self.assertIn("Main account, Bookings: no call before", feed.limits_spent)
        self.assertEqual(feed.connection_id.limits_spent, feed.limits_spent)
        self.assertFalse(other.limits_spent)
