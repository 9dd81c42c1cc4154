from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.finance_connector_base.tools.errors import BusinessError

from .common import VENDOR_IBAN, TreasuryCase


@tagged("post_install", "-at_install")
class TestFraud(TreasuryCase):
    """What a rule finds holds the order, and a second person releases it."""

    def rule(self, kind, **values):
        return self.env["treasury.fraud.rule"].create(
            {
                "name": kind,
                "kind": kind,
                "company_id": self.company_a.id,
                "currency_id": self.euro.id,
                **values,
            }
        )

    def held(self, order):
        return order.hold_ids.filtered(lambda hold: hold.version == order.version).rule_id.mapped(
            "kind"
        )

    def test_held_order_is_not_sent_until_a_second_person_releases_it(self):
        self.rule("first_payment")
        order = self.approved(100)
        self.assertEqual(self.held(order), ["first_payment"])
        self.assertIn("first_payment", order.hold_text)
        with self.assertRaises(BusinessError) as caught:
            order._check_before_sending(order._file()._content())
        self.assertEqual(caught.exception.code, "payment_held")
        self.preparer.group_ids |= self.env.ref("treasury_sync.group_treasury_approver")
        with self.assertRaises(AccessError):
            order.hold_ids.with_user(self.preparer).action_release()
        with self.assertRaises(AccessError):
            order.hold_ids.with_user(self.approver).write({"state": "released"})
        order.hold_ids.with_user(self.third_approver).action_release()
        self.assertEqual(order.hold_ids.released_by_id, self.third_approver)
        self.assertFalse(order._release_problem())
        order._check_before_sending(order._file()._content())

    def test_untrusted_account_holds_without_any_setting(self):
        vendor = self.make_vendor("New Ltd", "FR1420041010050500013M02606", trusted=False)
        order = self.generated(
            payments=self.pay(self.make_bill(10, vendor=vendor), user=self.preparer)
        )
        self.assertEqual(self.held(order), ["untrusted"])

    def test_each_rule_finds_its_case_and_leaves_others(self):
        self.assertFalse(self.held(self.generated(10)))
        self.rule("account_changed")
        self.rule("country", country_ids=[Command.set(self.env.ref("base.fr").ids)])
        self.rule("duplicate")
        self.rule("combined_limit", limit_amount=250)
        order = self.generated(120, 120)
        self.assertEqual(set(self.held(order)), {"account_changed", "country", "duplicate"})
        over = self.generated(120, 140)
        self.assertEqual(set(self.held(over)), {"account_changed", "country", "combined_limit"})

    def test_unusual_amount_is_measured_by_what_was_paid(self):
        self.rule("unusual_amount", factor=3)
        usual = self.approved(100)
        usual._live()._advance("transmitted", source="person")
        self.assertFalse(self.held(self.generated(300)))
        self.assertEqual(self.held(self.generated(301)), ["unusual_amount"])

    def test_account_of_several_vendors(self):
        self.rule("shared_account")
        self.make_vendor("Twin SARL", VENDOR_IBAN)
        self.assertEqual(self.held(self.generated(10)), ["shared_account"])

    def test_new_version_is_judged_anew(self):
        self.rule("first_payment")
        order = self.generated(10)
        order.hold_ids.with_user(self.approver).action_release()
        order.action_back_to_draft()
        order.action_generate()
        self.assertTrue(order._release_problem())
