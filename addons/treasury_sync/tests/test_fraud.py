import psycopg2
from freezegun import freeze_time
from psycopg2.extras import Json

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

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

    def test_own_defaults_of_who_generates_release_nothing(self):
        """The machine makes holds in the name of whoever generates, and any user may keep defaults."""
        self.rule("first_payment")
        defaults = self.env(user=self.preparer)["ir.default"]
        for name, value in (("state", "released"), ("released_by_id", self.approver.id)):
            defaults.set("treasury.payment.hold", name, value, user_id=True)
        self.assertEqual(self.approved(100).hold_ids.mapped("state"), ["open"])

    def test_rule_of_all_companies_is_changed_by_who_works_for_all(self):
        some = self.known_user(
            "some", "finance_connector_base.group_finance_manager", self.company_b
        )
        shared = self.rule("untrusted", company_id=False)
        for act in (
            lambda rule: rule.write({"active": False}),
            lambda rule: rule.write({"company_id": self.company_b.id}),
            lambda rule: rule.unlink(),
            lambda rule: rule.create({"name": "x", "kind": "untrusted"}),
        ):
            with self.assertRaises(AccessError):
                act(shared.with_user(some))
        own = shared.with_user(some).create(
            {"name": "x", "kind": "untrusted", "company_id": self.company_b.id}
        )
        own.active = False
        with self.assertRaises(AccessError):
            own.company_id = False
        some.company_ids = self.env["res.company"].search([])
        shared.with_user(some).active = False

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
        order = self.once(120, 120)
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

    def test_what_was_paid_lately_counts_and_what_was_taken_back_does_not(self):
        self.rule("first_payment")
        duplicate, limit = self.rule("duplicate"), self.rule("combined_limit", limit_amount=250)
        self.approved(200).action_cancel()
        self.assertEqual(self.held(self.once(200)), ["first_payment"])
        self.transmitted(200)
        self.assertEqual(
            set(self.held(self.once(200))), {"duplicate", "combined_limit"}, "paid lately"
        )
        self.assertEqual(self.held(self.once(60)), ["combined_limit"])
        self.assertFalse(self.held(self.once(50)))
        (duplicate | limit).days = 0
        self.assertFalse(self.held(self.once(200)), "paid long ago")

    def once(self, *amounts, **kwargs):
        """:return: an order that no other one meets, since it is taken back; what it was held for stands"""
        order = self.generated(*amounts, **kwargs)
        order.action_cancel()
        return order

    def test_two_orders_at_once_are_not_looked_at_less_than_two_after_another(self):
        self.rule("duplicate")
        self.rule("combined_limit", limit_amount=250)
        first = self.generated(120)
        self.assertFalse(self.held(first))
        self.assertEqual(self.held(self.once(120)), ["duplicate"], "waits for approval")
        self.assertEqual(self.held(self.once(131)), ["combined_limit"])
        self.approve(first, self.approver, self.second_approver)
        self.assertEqual(self.held(self.once(120)), ["duplicate"], "approved")

    def test_same_amount_to_the_account_under_another_name(self):
        self.rule("duplicate")
        self.generated(120)
        twin = self.make_vendor("Twin SARL", VENDOR_IBAN)
        bills = self.make_bill(120, vendor=twin) | self.make_bill(121, vendor=twin)
        for bill, kinds in zip(bills, (["duplicate"], []), strict=True):
            order = self.generated(payments=self.pay(bill, user=self.preparer))
            self.assertEqual(self.held(order), kinds)

    def test_country_of_an_account_without_iban_is_that_of_its_bank(self):
        self.rule("country", country_ids=[Command.set(self.env.ref("base.us").ids)])
        self.company_a.partner_id.write({"city": "Berlin", "zip": "10115", "street": "Weg 1"})
        channel = self.make_channel(
            profile_code="cross_border", service_level=False, charge_bearer="SHAR"
        )
        vendor = self.make_vendor("Inc", "123456789", country="FR")
        bank = self.env["res.bank"].create({"name": "Bank", "bic": "CHASUS33XXX"})
        vendor.bank_ids.bank_id = bank
        for bic, kinds in (("CHASUS33XXX", ["country"]), ("DEUTDEFFXXX", [])):
            bank.bic = bic
            payments = self.pay(self.make_bill(10, vendor=vendor), user=self.preparer)
            self.assertEqual(self.held(self.once(payments=payments, channel=channel)), kinds)
        item = self.env["treasury.payment.instruction"].search([], limit=1)
        rule = self.env["treasury.fraud.rule"]
        self.assertEqual(rule._country_of(item.new({**item.read()[0], "bic": False})), "FR")

    def test_asked_for_at_night_it_is_held_once_for_its_largest_payment(self):
        rule = self.rule("unusual_time", hour_from=7, hour_to=19, zone="Europe/Zurich")
        for moment, held in (
            ("2026-11-26 06:30:00", False),
            ("2026-11-26 05:30:00", True),
            ("2026-11-26 18:00:00", True),
            ("2026-11-28 10:00:00", True),
        ):
            with self.subTest(moment), freeze_time(moment):
                order = self.once(10, 30, 20)
                self.assertEqual(order.hold_ids.instruction_id.mapped("amount"), [30] * held)
        with self.assertRaises(psycopg2.errors.CheckViolation), mute_logger("odoo.sql_db"):
            rule.hour_to = 6
            rule.flush_recordset()

    def test_asked_for_on_a_bank_holiday_it_is_held(self):
        rule = self.rule("unusual_time", hour_from=7, hour_to=19, zone="Europe/Zurich")
        # Good Friday and Swiss National Day, both at noon.
        for calendar, moment, held in (
            (False, "2026-04-03 10:00:00", False),
            ("ECB", "2026-04-03 10:00:00", True),
            ("ECB", "2025-08-01 10:00:00", False),
            ("CH", "2025-08-01 10:00:00", True),
            ("ECB", "2026-04-04 10:00:00", True),
        ):
            with self.subTest(calendar=calendar, moment=moment), freeze_time(moment):
                rule.calendar = calendar
                self.assertEqual(bool(self.once(10).hold_ids), held)

    def test_account_is_that_of_the_bill_and_was_so_when_it_came(self):
        self.rule("bill_account")
        account = self.vendor.bank_ids
        bill = self.make_bill(10)
        self.dated(account, "2026-11-01")
        self.dated(bill, "2026-11-02")
        self.assertFalse(self.held(self.once(payments=self.pay(bill, user=self.preparer))))
        self.dated(account, "2026-11-03")
        changed = self.make_bill(11)
        self.dated(changed, "2026-11-02")
        payment = self.pay(changed, user=self.preparer)
        self.assertEqual(self.held(self.once(payments=payment)), ["bill_account"])
        other = account.copy({"acc_number": "FR1420041010050500013M02606"})
        other.allow_out_payment = True
        self.dated(other, "2026-11-01")
        bill = self.make_bill(12)
        payment = self.pay(bill, user=self.preparer, partner_bank_id=other.id)
        self.dated(bill, "2026-11-02")
        self.assertEqual(self.held(self.once(payments=payment)), ["bill_account"])

    def dated(self, record, moment):
        """An account that was changed, or a bill that came, at ``moment``."""
        column = "treasury_edited_at" if record._name == "res.partner.bank" else "create_date"
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE %s SET %s = %s WHERE id = %s",
                SQL.identifier(record._table),
                SQL.identifier(column),
                moment,
                record.id,
            )
        )
        record.invalidate_recordset([column])

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
        dollar = self.make_rate("USD", 2, "2026-01-01")
        self.rule("combined_limit", currency_id=dollar.id, limit_amount=300)
        self.rule("unusual_amount", currency_id=dollar.id, factor=1.4)
        self.assertEqual(self.held(self.once(151)), ["combined_limit"])
        self.transmitted(100)
        self.assertFalse(self.held(self.once(50)))
        self.assertEqual(set(self.held(self.once(145))), {"combined_limit", "unusual_amount"})

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
        for kind in (
            "first_payment",
            "shared_account",
            "duplicate",
            "unusual_amount",
            "bill_account",
        ):
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
