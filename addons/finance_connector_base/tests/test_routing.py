from decimal import Decimal

from psycopg2.errors import CheckViolation

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.finance_connector_base.tests.common import FinanceCase
from odoo.addons.finance_connector_base.tools.errors import BusinessError


@tagged("post_install", "-at_install")
class TestRouting(FinanceCase):
    """A document on the wrong way reaches the wrong bank."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rules = cls.env["finance.routing.rule"]
        cls.euro, cls.dollar = cls.env.ref("base.EUR"), cls.env.ref("base.USD")
        (cls.euro | cls.dollar).active = True
        cls.connection = cls.make_connection("webhook")
        cls.interfaces = [
            cls.make_interface("event", cls.connection, name=f"Way {number}") for number in range(3)
        ]

    def make_rule(self, interface, sequence=10, **values):
        return self.rules.create(
            {
                "name": f"Rule {sequence}",
                "sequence": sequence,
                "document_kind": "payment",
                "interface_id": interface.id,
                "company_id": interface.company_id.id,
                **values,
            }
        )

    def route(self, company=None, **facts):
        return self.rules._route("payment", company or self.company_a, **facts)

    def test_first_rule_that_fits_wins(self):
        first, second, third = self.interfaces
        self.make_rule(third, 30)
        self.make_rule(first, 10, currency_id=self.dollar.id)
        self.make_rule(second, 20, currency_id=self.euro.id)
        self.assertEqual(self.route(currency=self.dollar), first)
        self.assertEqual(self.route(currency=self.euro), second)
        self.assertEqual(self.route(), third)

    def test_amounts_are_included_and_compared_as_money(self):
        small, large, _rest = self.interfaces
        self.make_rule(small, 10, currency_id=self.euro.id, amount_to=1000)
        self.make_rule(large, 20, currency_id=self.euro.id, amount_from=1000.01)
        for amount, expected in (
            (Decimal("1000.00"), small),
            (Decimal("1000.001"), small),
            (Decimal("-1000.01"), large),
            (0.0, small),
        ):
            self.assertEqual(self.route(currency=self.euro, amount=amount), expected, amount)
        with self.assertRaises(BusinessError):
            self.route(currency=self.euro)

    def test_journal_country_and_partner_decide(self):
        by_journal, by_country, by_partner = self.interfaces
        journal = self.env["account.journal"].create(
            {"name": "Bank", "code": "ROUT", "type": "bank", "company_id": self.company_a.id}
        )
        swiss = self.env.ref("base.ch")
        partner = self.env["res.partner"].create({"name": "Acorn", "is_company": True})
        contact = self.env["res.partner"].create({"name": "Ann", "parent_id": partner.id})
        abroad = self.env["res.partner"].create({"name": "Beech", "country_id": swiss.id})
        self.make_rule(by_journal, 10, journal_ids=journal.ids)
        self.make_rule(by_country, 20, country_ids=swiss.ids)
        self.make_rule(by_partner, 30, partner_ids=partner.ids)
        self.assertEqual(self.route(journal=journal, partner=abroad), by_journal)
        self.assertEqual(self.route(partner=abroad), by_country)
        self.assertEqual(self.route(country=swiss), by_country)
        self.assertEqual(self.route(partner=contact), by_partner)
        with self.assertRaises(BusinessError):
            self.route(country=self.env.ref("base.de"))

    def test_nothing_fits_is_a_business_matter(self):
        self.make_rule(self.interfaces[0], currency_id=self.euro.id)
        with self.assertRaises(BusinessError) as caught:
            self.route(currency=self.dollar, amount=Decimal("5.00"))
        self.assertEqual(caught.exception.code, "route_missing")
        self.assertEqual(caught.exception.evidence["currency"], "USD")
        self.assertEqual(caught.exception.evidence["document_kind"], "payment")
        with self.assertRaises(BusinessError):
            self.rules._route("statement", self.company_a, currency=self.euro)

    def test_companies_have_their_own_rules(self):
        self.make_rule(self.interfaces[0])
        with self.assertRaises(BusinessError):
            self.route(self.company_b)
        with self.assertRaises(UserError):
            self.make_rule(self.interfaces[0], company_id=self.company_b.id)

    def test_switched_off_waits_and_archived_is_passed_over(self):
        first, second, _third = self.interfaces
        self.make_rule(first, 10)
        self.make_rule(second, 20)
        first.action_set_off()
        self.assertEqual(self.route(), first, "no other way takes over without a decision")
        first.active = False
        self.assertEqual(self.route(), second)

    def test_archived_rule_does_not_route(self):
        self.make_rule(self.interfaces[0]).action_archive()
        with self.assertRaises(BusinessError):
            self.route()

    def test_unknown_fact_is_a_mistake(self):
        self.make_rule(self.interfaces[0])
        with self.assertRaises(TypeError):
            self.route(colour="red")

    @mute_logger("odoo.sql_db")
    def test_amounts_need_a_currency_and_an_order(self):
        with self.assertRaises(ValidationError):
            self.make_rule(self.interfaces[0], amount_to=5)
        with self.assertRaises(CheckViolation), self.env.cr.savepoint():
            self.make_rule(self.interfaces[0], currency_id=self.euro.id, amount_from=6, amount_to=5)

    def test_any_caller_is_routed_alike(self):
        self.make_rule(self.interfaces[0])
        for user in (self.viewer, self.operator, self.api_user):
            self.assertEqual(
                self.rules.with_user(user)._route("payment", self.company_a).id,
                self.interfaces[0].id,
            )

    def test_try_it_tells_who_wins_and_why_the_others_do_not(self):
        first, second, _third = self.interfaces
        self.make_rule(first, 10, currency_id=self.dollar.id)
        self.make_rule(second, 20, currency_id=self.euro.id, amount_to=100)
        attempt = (
            self.env["finance.routing.try"]
            .with_user(self.viewer)
            .new({"document_kind": "payment", "currency_id": self.euro.id, "amount": 50})
        )
        self.assertEqual(attempt.interface_id._origin, second)
        self.assertIn("1. Rule 10 does not fit: the currency is not USD.", attempt.explanation)
        self.assertIn("2. Rule 20 wins.", attempt.explanation)
        attempt.amount = 200
        self.assertFalse(attempt.interface_id)
        self.assertIn("the amount is outside its range", attempt.explanation)
        self.assertIn("No rule fits", attempt.explanation)
        attempt.company_id = self.company_b
        self.assertIn("Switch to the company", attempt.explanation)

    def test_manager_writes_others_read_and_company_b_sees_nothing(self):
        rule = self.make_rule(self.interfaces[0])
        self.assertEqual(rule.with_user(self.viewer).name, rule.name)
        rule.with_user(self.manager).name = "Renamed"
        with self.assertRaises(AccessError):
            rule.with_user(self.operator).name = "No"
        with self.assertRaises(AccessError):
            rule.with_user(self.users["manager", "b"]).read(["name"])
        with self.assertRaises(AccessError):
            self.rules.with_user(self.api_user).search([])
