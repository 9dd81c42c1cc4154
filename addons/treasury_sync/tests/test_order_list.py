from unittest.mock import patch

from odoo import Command
from odoo.tests import freeze_time, tagged

from .common import TreasuryCase


@tagged("post_install", "-at_install")
class TestOrderList(TreasuryCase):
    """A list of orders asks the database as often for many orders and payments as for few."""

    def _queries(self, orders, *names):
        """:return: how many queries it takes to show ``names`` of ``orders``"""
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        orders.with_user(self.preparer).web_read({name: {} for name in names})
        return self.env.cr.sql_log_count - before

    @freeze_time("2026-11-27 10:00:00")
    def test_more_orders_and_payments_take_no_more_queries(self):
        self.env["treasury.cut.off"].create({"name": "SEPA", "service_level": "SEPA"})
        shown = ("name", "amount_total", "cut_off_at", "late_text", "fate_text", "rejected_count")
        few = self.approved(10) | self.order(20)
        many = few | self.approved(30, 40, 50) | self.approved(60) | self.order(70)
        self._queries(many, *shown)
        self.assertEqual(self._queries(many, *shown), self._queries(few, *shown))

    def test_more_orders_that_wait_for_approval_take_no_more_queries(self):
        company = {"company_id": self.company_a.id}
        self.env["treasury.approval.policy"].create(
            [
                {**company, "name": "Large", "amount_from": 15, "required_count": 3},
                {
                    **company,
                    "name": "Vendor",
                    "required_count": 4,
                    "partner_ids": [Command.set(self.vendor.ids)],
                },
            ]
        )
        few = self.generated(10) | self.generated(20)
        many = few | self.generated(30) | self.generated(40, 50)
        shown = ("waits_for", "approval_state")
        self._queries(many, *shown)
        self.assertEqual(self._queries(many, *shown), self._queries(few, *shown))
        self.assertIn("4 missing", many[0].approval_state)

    def test_what_is_missing_is_told_without_reading_each_payment(self):
        order = self.generated(10, 20)
        self.approve(order, self.approver)
        instructions = type(self.env["treasury.payment.instruction"])
        self.env.flush_all()
        self.env.invalidate_all()
        with patch.object(instructions, "_fetch_query", side_effect=AssertionError("is read")):
            [row] = order.with_user(self.second_approver).read(
                ["approval_state", "can_approve", "waits_for", "hold_text", "approval_problem"]
            )
        self.assertIn("1 given, 1 missing", row["approval_state"])
        self.assertTrue(row["can_approve"])

    def test_payments_by_status_are_those_of_the_version_that_stands(self):
        order = self.generated(10, 20)
        self.assertEqual(order.fate_text, "2 generated")
        order.action_back_to_draft()
        order.action_generate()
        self.assertEqual(order.version, 2)
        self.assertEqual(order.fate_text, "2 generated", "and nothing of the first version")
        self.approve(order, self.approver, self.second_approver)
        order.invalidate_recordset()
        self.assertEqual(order.fate_text, "2 approved")

    def test_payments_are_grouped_in_the_order_of_their_road(self):
        payments = self.env["treasury.payment.instruction"].with_context(read_group_expand=True)
        ours = [("company_id", "=", self.company_a.id)]
        self.assertFalse(payments.web_read_group(ours, ["state"])["groups"], "what to do is shown")
        self.approved(10)
        groups = payments.web_read_group(ours, ["state"])["groups"]
        states = [group["state"] for group in groups]
        self.assertEqual(states[:3], ["generated", "approved", "transmitted"])
        self.assertNotIn("cancelled", states)

    def test_a_payment_is_named_by_who_gets_how_much(self):
        item = self.generated(10)._live()
        self.assertRegex(item.display_name, "^Vendor SARL, .*10.00")
        found = item.name_search("Vendor SARL") + item.name_search(item.end_to_end_id)
        self.assertEqual([row[0] for row in found].count(item.id), 2)

    def test_an_order_says_why_this_approver_has_no_button(self):
        order = self.generated(10)
        mine = order.with_user(self.approver)
        self.assertFalse(mine.approval_problem)
        self.approve(order, self.approver)
        mine.invalidate_recordset()
        self.assertIn("already", mine.approval_problem)
        self.approve(order, self.second_approver)
        mine.invalidate_recordset()
        self.assertFalse(mine.approval_problem, "nothing is left to approve")

    def test_a_held_order_says_so_until_the_hold_is_released(self):
        rule = self.env["treasury.fraud.rule"].create({"name": "New", "kind": "first_payment"})
        order = self.generated(10)
        self.assertTrue(order.is_held)
        order.hold_ids.filtered(lambda hold: hold.rule_id == rule).with_user(
            self.approver
        ).action_release()
        self.assertFalse(order.is_held)

    def test_a_bank_account_shows_who_changed_it(self):
        form = self.env["res.partner.bank"].with_user(self.preparer).get_view(view_type="form")
        self.assertIn('name="treasury_editor_ids"', form["arch"])
        self.assertIn('name="treasury_edited_at"', form["arch"])
