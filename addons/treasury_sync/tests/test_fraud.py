from psycopg2.extras import Json

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

    def test_country_that_is_not_listed_and_account_that_was_changed_long_ago_hold_nothing(self):
        self.rule("country", country_ids=[Command.set(self.env.ref("base.be").ids)])
        changed = self.rule("account_changed")
        self.assertEqual(self.held(self.generated(10)), ["account_changed"])
        changed.days = 0
        self.assertFalse(self.held(self.generated(10)))

    def test_unusual_amount_is_measured_by_what_was_paid(self):
        self.rule("unusual_amount", factor=3)
        usual = self.approved(100)
        usual._live()._advance("transmitted", source="person")
        self.assertFalse(self.held(self.generated(300)))
        self.assertEqual(self.held(self.generated(301)), ["unusual_amount"])
        self.transmitted(100)
        self.assertEqual(self.held(self.generated(301)), ["unusual_amount"], "usual, not in all")

    def transmitted(self, *amounts, **kwargs):
        order = self.approved(*amounts, **kwargs)
        order._live()._advance("transmitted", source="person")
        return order

    def test_what_was_paid_lately_counts_and_what_was_only_prepared_does_not(self):
        self.rule("first_payment")
        duplicate, limit = self.rule("duplicate"), self.rule("combined_limit", limit_amount=250)
        self.approved(120)
        self.assertEqual(self.held(self.generated(120)), ["first_payment"])
        self.transmitted(200)
        self.assertEqual(
            set(self.held(self.generated(200))), {"duplicate", "combined_limit"}, "paid lately"
        )
        self.assertEqual(self.held(self.generated(60)), ["combined_limit"])
        self.assertFalse(self.held(self.generated(50)))
        (duplicate | limit).days = 0
        self.assertFalse(self.held(self.generated(200)), "paid long ago")

    def test_payment_to_a_part_of_the_vendor_is_one_to_the_vendor(self):
        self.rule("duplicate")
        part = self.make_vendor("Vendor Lyon", "FR1420041010050500013M02606")
        part.parent_id = self.vendor
        bill = self.make_bill(120, vendor=part)
        self.transmitted(payments=self.pay(bill, user=self.preparer))
        self.assertEqual(self.held(self.generated(120)), ["duplicate"])
        other = self.make_vendor("Other SARL", "BE68539007547034")
        bill = self.make_bill(120, vendor=other)
        order = self.generated(payments=self.pay(bill, user=self.preparer))
        self.assertFalse(self.held(order), "another vendor")

    def test_limit_and_usual_amount_are_in_the_currency_of_the_rule(self):
        dollar = self.env.ref("base.USD")
        dollar.active = True
        self.env["res.currency.rate"].create(
            {
                "currency_id": dollar.id,
                "company_id": self.company_a.id,
                "name": "2026-01-01",
                "rate": 2,
            }
        )
        self.rule("combined_limit", currency_id=dollar.id, limit_amount=300)
        self.rule("unusual_amount", currency_id=dollar.id, factor=1.4)
        self.assertEqual(self.held(self.generated(151)), ["combined_limit"])
        self.transmitted(100)
        self.assertFalse(self.held(self.generated(50)))
        self.assertEqual(set(self.held(self.generated(145))), {"combined_limit", "unusual_amount"})

    def test_other_companies_rules_and_payments_do_not_count(self):
        self.rule("first_payment", company_id=self.company_b.id)
        self.assertFalse(self.held(self.generated(10)))
        self.rule("first_payment")
        item, spare = self.generated(20)._live(), self.order(30).payment_ids
        self.env.flush_all()
        self.env.cr.execute(
            """INSERT INTO treasury_payment_instruction
                    SELECT (jsonb_populate_record(t, %s)).* FROM treasury_payment_instruction t WHERE id = %s""",
            (
                Json(
                    {
                        "id": item.id + 10**6,
                        "company_id": self.company_b.id,
                        "payment_id": spare.id,
                        "end_to_end_id": "OF-ANOTHER-COMPANY",
                        "state": "transmitted",
                    }
                ),
                item.id,
            ),
        )
        self.env.invalidate_all()
        self.assertEqual(self.held(self.generated(10)), ["first_payment"])

    def test_many_payments_take_no_more_queries_than_a_few(self):
        for kind in ("first_payment", "shared_account", "duplicate", "unusual_amount"):
            self.rule(kind)
        self.rule("combined_limit", limit_amount=10)
        orders = [self.generated(*range(11, 11 + count)) for count in (2, 7)]
        counts = []
        for order in orders:
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.env["treasury.fraud.rule"]._suspicions(order)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0])

    def test_released_is_what_stands_and_not_what_stood(self):
        self.rule("first_payment")
        order = self.generated(10)
        former = order.hold_ids
        order.action_back_to_draft()
        order.action_generate()
        former.with_user(self.approver).action_release()
        self.assertEqual(former.state, "open")
        with self.assertRaises(AccessError):
            (order.hold_ids - former).with_user(self.other_preparer).action_release()
        for act in (
            lambda: former.sudo().copy(),
            lambda: former.sudo().write({"version": order.version}),
            lambda: former.sudo().unlink(),
        ):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                act()

    def test_account_of_several_vendors(self):
        self.rule("shared_account")
        self.assertFalse(self.held(self.generated(10)))
        self.make_vendor("Twin SARL", VENDOR_IBAN)
        self.assertEqual(self.held(self.generated(10)), ["shared_account"])

    def test_new_version_is_judged_anew(self):
        self.rule("first_payment")
        order = self.generated(10)
        order.hold_ids.with_user(self.approver).action_release()
        order.action_back_to_draft()
        order.action_generate()
        self.assertTrue(order._release_problem())
