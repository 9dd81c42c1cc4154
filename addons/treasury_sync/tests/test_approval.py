from datetime import timedelta

import psycopg2

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.finance_connector_base.tools.errors import BusinessError
from odoo.addons.treasury_sync.models.engine import as_engine

from .common import TreasuryCase


@tagged("post_install", "-at_install")
class TestApproval(TreasuryCase):
    """Two people who had no hand in it, each bound to exactly these bytes."""

    def sql(self, query, *parameters):
        self.env.flush_all()
        with mute_logger("odoo.sql_db"), self.env.cr.savepoint():
            self.env.cr.execute(query, parameters)

    def assert_refused(self, order, user, error=AccessError):
        with self.assertRaises(error), self.env.cr.savepoint():
            self.approve(order, user)

    def test_two_approvers_make_it_approved(self):
        order = self.generated(100)
        self.approve(order, self.approver)
        self.assertEqual(order.state, "to_approve")
        self.assertEqual(order.missing_approvals, 1)
        self.assert_refused(order, self.approver)
        self.approve(order, self.second_approver)
        self.assertEqual(order.state, "approved")
        self.assertEqual(order.instruction_ids.mapped("state"), ["approved"])
        self.assertEqual(set(order.approval_ids.mapped("digest")), {order.digest})

    def test_who_had_a_hand_in_it_does_not_approve(self):
        for user in (self.preparer, self.other_preparer, self.third_approver):
            user.group_ids |= self.env.ref("treasury_sync.group_treasury_approver")
        order = self.order(100)
        order.with_user(self.other_preparer).note = "Edited"
        self.vendor.bank_ids.sudo().with_user(self.third_approver).sudo(True).write(
            {"acc_holder_name": "Vendor S.A.R.L."}
        )
        order.with_user(self.preparer).action_generate()
        for user in (self.preparer, self.other_preparer, self.third_approver):
            self.assert_refused(order, user)
        self.approve(order, self.approver, self.second_approver)
        self.assertEqual(order.state, "approved")

    def test_a_later_edit_hides_nobody(self):
        """Order, payment and account each remember everybody, not only who touched them last."""
        editors = self.third_approver, self.other_preparer, self.preparer
        for user in editors:
            user.group_ids |= self.env.ref("treasury_sync.group_treasury_approver")
        self.third_approver.group_ids |= self.env.ref("treasury_sync.group_treasury_preparer")
        order = self.order(100)
        order.with_user(self.third_approver).note = "Edited"
        order.with_user(self.preparer).note = "Edited again"
        order.payment_ids.with_user(self.other_preparer).memo = "Other"
        order.payment_ids.with_user(self.preparer).memo = "Another"
        order.with_user(self.preparer).action_generate()
        for user in editors:
            self.assert_refused(order, user)

    def test_an_editor_of_an_account_since_the_generation_approves_nothing(self):
        """Also one whose approval was given before, and who has left the company."""
        order = self.generated(100)
        self.approve(order, self.approver)
        account = as_engine(order._live().partner_bank_id)
        account.treasury_editor_id = self.second_approver
        self.assert_refused(order, self.second_approver)
        account.treasury_editor_ids |= self.approver
        order.invalidate_recordset()
        self.assertEqual(order.missing_approvals, 2)
        self.approver.active = False
        order.invalidate_recordset()
        self.assertEqual(order.missing_approvals, 2)

    def test_who_puts_a_payment_into_an_order_edits_it(self):
        accountant = self.third_approver
        accountant.group_ids |= self.env.ref("treasury_sync.group_treasury_preparer")
        order = self.order(100)
        stray = self.pay(self.make_bill(7), user=self.preparer)
        stray.with_user(accountant).treasury_order_id = order
        order.with_user(self.preparer).note = "Looked at"
        order.with_user(self.preparer).action_generate()
        self.assert_refused(order, accountant)

    def test_payment_of_another_company_is_not_put_into_an_order(self):
        order = self.order(100)
        journal = self.env["account.journal"].create(
            {"name": "B", "code": "BBNK", "type": "bank", "company_id": self.company_b.id}
        )
        foreign = self.env["account.payment"].create(
            {
                "amount": 5,
                "payment_type": "outbound",
                "partner_type": "supplier",
                "partner_id": self.vendor.id,
                "journal_id": journal.id,
            }
        )
        with self.assertRaisesRegex(UserError, "[Cc]ompan"):
            foreign.treasury_order_id = order

    def test_who_entered_an_account_is_remembered_until_it_is_another_one(self):
        account = self.vendor.bank_ids
        account.with_user(self.third_approver).sudo().acc_number = "FR1420041010050500013M02606"
        account.with_user(self.preparer).sudo().acc_holder_name = "Vendor S.A.R.L."
        order = self.generated(100)
        self.assert_refused(order, self.third_approver)
        account.with_user(self.preparer).sudo().acc_number = "FR14 2004 1010 0505 0001 3M02 606"
        order.with_user(self.preparer).action_generate()
        self.assert_refused(order, self.third_approver)
        account.with_user(self.preparer).sudo().acc_number = "FR7630006000011234567890189"
        order.with_user(self.preparer).action_generate()
        self.approve(order, self.third_approver)

    def test_account_changed_while_it_waits_voids_what_was_approved(self):
        order = self.generated(100)
        self.approve(order, self.approver)
        self.vendor.bank_ids.with_user(
            self.third_approver
        ).sudo().acc_number = "FR1420041010050500013M02606"
        self.assertEqual(order.state, "draft")
        self.assertEqual(order.approval_ids.state, "void")
        self.assertIn("changed the account", order.approval_ids.void_reason)
        order.action_generate()
        self.assert_refused(order, self.third_approver)

    def test_approval_is_for_the_file_that_was_seen(self):
        order = self.generated(100)
        seen = order.digest
        order.action_back_to_draft()
        order.action_generate()
        with self.assertRaisesRegex(UserError, "changed since"):
            order.with_user(self.approver)._approve(seen)
        with self.assertRaisesRegex(UserError, "changed since"):
            order.with_user(self.approver)._approve(None)

    def test_change_voids_approvals_and_says_so(self):
        order = self.approved(100)
        order.with_user(self.preparer).action_back_to_draft()
        self.assertEqual(set(order.approval_ids.mapped("state")), {"void"})
        self.assertIn("are void", order.message_ids[0].body + order.message_ids[1].body)
        order.with_user(self.preparer).action_generate()
        self.assertEqual(order.missing_approvals, 2)

    def test_refusal_says_why(self):
        order = self.generated(100)
        self.approve(order, self.approver)
        refusal = (
            self.env["treasury.payment.refusal"]
            .with_user(self.second_approver)
            .create({"order_id": order.id, "reason": "The bill was credited."})
        )
        refusal.action_confirm()
        self.assertEqual(order.state, "draft")
        self.assertIn("The bill was credited.", order.approval_ids.void_reason)
        self.assertIn("The bill was credited.", order.message_ids[0].body)

    def test_overview_names_what_the_present_user_can_approve(self):
        order = self.generated(100)
        mine = {
            user: self.env["finance.dashboard"].with_user(user)._payments()["mine"]
            for user in (self.approver, self.preparer)
        }
        self.assertIn(order.id, mine[self.approver])
        self.assertFalse(mine[self.preparer])
        self.approve(order, self.approver)
        mine = self.env["finance.dashboard"].with_user(self.approver)._payments()["mine"]
        self.assertNotIn(order.id, mine)

    def test_refusal_sends_it_back(self):
        order = self.generated(100)
        self.approve(order, self.approver)
        order.with_user(self.second_approver).action_refuse()
        self.assertEqual(order.state, "draft")
        self.assertEqual(order.approval_ids.state, "void")

    # === POLICIES AND DELEGATION === #

    def test_more_approvers_by_amount(self):
        self.env["treasury.approval.policy"].create(
            {
                "name": "Large",
                "company_id": self.company_a.id,
                "currency_id": self.euro.id,
                "amount_from": 1000,
                "required_count": 3,
            }
        )
        order = self.generated(999)
        self.approve(order, self.approver, self.second_approver)
        self.assertEqual(order.state, "approved")
        large = self.generated(1000)
        self.approve(large, self.approver, self.second_approver)
        self.assertEqual(large.state, "to_approve")
        self.approve(large, self.third_approver)
        self.assertEqual(large.state, "approved")

    def test_policy_names_its_approvers_and_never_asks_for_one(self):
        policy = self.env["treasury.approval.policy"].create(
            {
                "name": "This vendor",
                "company_id": self.company_a.id,
                "partner_ids": [Command.set(self.vendor.ids)],
                "approver_ids": [Command.set((self.approver | self.third_approver).ids)],
            }
        )
        order = self.generated(100)
        self.approve(order, self.approver, self.second_approver)
        self.assertEqual(order.state, "to_approve")
        self.approve(order, self.third_approver)
        self.assertEqual(order.state, "approved")
        with self.assertRaises(psycopg2.errors.CheckViolation), mute_logger("odoo.sql_db"):
            policy.required_count = 1
            policy.flush_recordset()

    def test_what_is_paid_is_looked_at_again_by_each_approval(self):
        order = self.generated(100)
        self.approve(order, self.approver)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE account_payment SET amount = 90 WHERE id = %s", [order.payment_ids.id]
        )
        self.env.invalidate_all()
        with self.assertRaisesRegex(
            UserError, "amount of its payment has changed. Refuse the order"
        ):
            self.approve(order, self.second_approver)
        self.assertEqual(order.state, "to_approve")

    def test_policy_that_could_never_be_met_is_refused(self):
        named = self.approver | self.third_approver
        policy = self.env["treasury.approval.policy"].create(
            {
                "name": "Board",
                "company_id": self.company_a.id,
                "approver_ids": [Command.set(named.ids)],
            }
        )
        with self.assertRaisesRegex(ValidationError, "Board asks for 3 approvals of 2 approvers"):
            policy.required_count = 3
        with self.assertRaisesRegex(ValidationError, "never be met"):
            policy.approver_ids = self.approver
        policy.write({"required_count": 3, "approver_ids": [Command.clear()]})

    def test_policy_fits_by_each_of_its_conditions(self):
        order = self.generated(100)
        part = self.env["res.partner"].create({"name": "Vendor Lyon", "parent_id": self.vendor.id})
        other = self.make_vendor("Other SARL", "BE68539007547034")
        euro, dollar = self.euro, self.env.ref("base.USD")
        other_journal = self.env["account.journal"].create(
            {
                "name": "Other",
                "code": "OTHB",
                "type": "bank",
                "company_id": self.company_a.id,
            }
        )
        policy = self.env["treasury.approval.policy"].create(
            {"name": "Any", "company_id": self.company_a.id, "required_count": 3}
        )
        self.assertEqual(order._count_missing(), 3)
        for values, fits in (
            ({"kind": "credit_transfer"}, True),
            ({"kind": "direct_debit"}, False),
            ({"amount_from": 100, "currency_id": euro.id}, True),
            ({"amount_from": 100.01, "currency_id": euro.id}, False),
            ({"only_currency_ids": [Command.set(euro.ids)]}, True),
            ({"only_currency_ids": [Command.set(dollar.ids)]}, False),
            ({"journal_ids": [Command.set(self.journal.ids)]}, True),
            ({"journal_ids": [Command.set(other_journal.ids)]}, False),
            ({"partner_ids": [Command.set(self.vendor.ids)]}, True),
            ({"partner_ids": [Command.set(part.ids)]}, True),
            ({"partner_ids": [Command.set(other.ids)]}, False),
            ({"company_id": self.company_b.id}, False),
        ):
            with self.subTest(str(values)):
                narrow = policy.copy(values)
                policy.active = False
                self.assertEqual(order._count_missing(), 3 if fits else 2)
                policy.active = True
                narrow.unlink()

    def test_contact_of_a_vendor_gets_what_is_the_vendors(self):
        """A payment that somebody registers by hand may go to a contact, on the vendor's account."""
        self.env["treasury.approval.policy"].create(
            {
                "name": "This vendor",
                "company_id": self.company_a.id,
                "partner_ids": [Command.set(self.vendor.ids)],
                "required_count": 3,
            }
        )
        part = self.env["res.partner"].create({"name": "Lyon", "parent_id": self.vendor.id})
        self.assertEqual(self.generated(payments=self.by_hand(100, part)).missing_approvals, 3)

    # === WHAT A FILE IS MADE OF === #

    def test_changed_channel_voids_what_was_approved_and_says_so(self):
        order = self.generated(100)
        self.approve(order, self.approver)
        self.channel.batch_booking = self.channel.batch_booking
        self.assertEqual(order.state, "to_approve", "nothing changed")
        self.channel.batch_booking = True
        self.assertEqual((order.state, order.approval_ids.state), ("draft", "void"))
        self.assertIn("changed the channel", order.approval_ids.void_reason)
        order.action_generate()
        self.channel.charge_bearer = "SHAR"
        self.assertEqual(order.state, "draft")
        self.assertIn("changed the channel", order.message_ids[0].body + order.message_ids[1].body)

    def test_changed_channel_leaves_what_left(self):
        order = self.approved(100)
        order._live()._advance("transmitted", source="person")
        self.channel.batch_booking = True
        self.assertEqual((order.state, order.approval_ids.mapped("state")), ("sent", ["valid"] * 2))

    def test_own_account_that_changes_voids_what_was_approved(self):
        order = self.approved(100)
        other = self.journal.bank_account_id.copy({"acc_number": "DE02120300000000202051"})
        content = order._file()._content()
        with self.env.cr.savepoint() as savepoint:
            self.journal.bank_account_id = other
            with self.assertRaisesRegex(BusinessError, "pays from an account that has changed"):
                order._check_before_sending(content)
            savepoint.rollback()
        self.env.invalidate_all()
        order._check_before_sending(content)
        self.journal.bank_account_id.acc_number = "DE02100500000054540402"
        self.assertEqual((order.state, order.approval_ids.mapped("state")), ("draft", ["void"] * 2))

    # === DELEGATION === #

    def delegate(self, user, deputy, days=0):
        today = fields.Date.today()
        return (
            self.env["treasury.approval.delegation"]
            .with_user(user)
            .create(
                {
                    "company_id": self.company_a.id,
                    "delegate_id": deputy.id,
                    "date_from": today + timedelta(days=days),
                    "date_to": today + timedelta(days=days),
                    "reason": "Holiday",
                }
            )
        )

    def test_deputy_counts_for_whoever_delegated(self):
        self.env["treasury.approval.policy"].create(
            {
                "name": "These two",
                "company_id": self.company_a.id,
                "approver_ids": [Command.set((self.approver | self.third_approver).ids)],
            }
        )
        self.delegate(self.third_approver, self.second_approver)
        order = self.generated(100)
        self.approve(order, self.approver, self.second_approver)
        self.assertEqual(order.state, "approved")
        self.assertEqual(order.approval_ids[1].principal_id, self.third_approver)

    def test_one_person_is_never_two(self):
        self.delegate(self.third_approver, self.second_approver)
        order = self.generated(100)
        self.approve(order, self.second_approver)
        self.assert_refused(order, self.second_approver)
        self.assertEqual(order.missing_approvals, 1)

    def test_delegation_outside_of_its_days_or_by_another_is_none(self):
        self.delegate(self.third_approver, self.second_approver, days=1)
        principals = self.env["treasury.approval.delegation"]._in_force(
            self.second_approver, self.company_a
        )
        self.assertFalse(principals)
        with self.assertRaisesRegex(UserError, "own"):
            self.delegate(self.third_approver, self.second_approver).with_user(
                self.approver
            ).reason = "Mine now"
        with self.assertRaises(ValidationError):
            self.delegate(self.approver, self.preparer)

    def test_delegation_is_for_its_days_and_company_and_among_approvers(self):
        delegation = self.delegate(self.third_approver, self.second_approver)
        self.third_approver.company_ids |= self.company_b

        def principals(company=self.company_a):
            self.env.flush_all()
            return delegation._in_force(self.second_approver, company).user_id

        self.assertEqual(principals(), self.third_approver)
        self.assertFalse(principals(self.company_b), "given for another company")
        for what in (
            lambda: delegation.write({"date_from": "2020-01-01", "date_to": "2020-01-31"}),
            lambda: setattr(self.third_approver, "active", False),
            lambda: setattr(self.third_approver, "group_ids", self.viewer.group_ids),
        ):
            with self.env.cr.savepoint() as savepoint:
                what()
                self.assertFalse(principals())
                savepoint.rollback()
            self.env.invalidate_all()
            self.registry.clear_all_caches()

    def test_nobody_delegates_for_another_or_to_whoever_is_no_approver(self):
        mine = self.delegate(self.third_approver, self.second_approver)
        with self.assertRaisesRegex(UserError, "own"):
            mine.copy({"user_id": self.approver.id})
        for user in (self.approver, self.third_approver):
            with self.assertRaisesRegex(UserError, "own"), self.env.cr.savepoint():
                mine.with_user(user).user_id = self.approver
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            mine.sudo().user_id = self.preparer
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.CheckViolation),
            self.env.cr.savepoint(),
        ):
            mine.delegate_id = self.third_approver

    # === THE DATABASE === #

    def insert(self, order, user, digest=None, version=None):
        self.sql(
            """INSERT INTO treasury_payment_approval
                   (order_id, company_id, version, digest, user_id, principal_id, prepared_by_id, last_editor_id,
                    approved_at, state)
               VALUES (%s, %s, %s, %s, %s, %s, %s, %s, now(), 'valid')""",
            order.id,
            order.company_id.id,
            version or order.version,
            digest or order.digest,
            user.id,
            user.id,
            order.prepared_by_id.id,
            order.last_editor_id.id,
        )

    def test_database_refuses_what_the_buttons_refuse(self):
        order = self.generated(100)
        with self.assertRaises(psycopg2.Error):
            self.insert(order, self.preparer)
        with self.assertRaises(psycopg2.errors.InsufficientPrivilege):
            self.insert(order, self.approver, digest="0" * 64)
        with self.assertRaises(psycopg2.errors.InsufficientPrivilege):
            self.insert(order, self.approver, version=7)
        self.insert(order, self.approver)
        with self.assertRaises(psycopg2.errors.UniqueViolation):
            self.insert(order, self.approver)

    def test_approval_is_never_changed_or_deleted(self):
        order = self.generated(100)
        self.approve(order, self.approver)
        for query in (
            "UPDATE treasury_payment_approval SET user_id = 1 WHERE order_id = %s",
            "UPDATE treasury_payment_approval SET digest = repeat('0', 64) WHERE order_id = %s",
            "DELETE FROM treasury_payment_approval WHERE order_id = %s",
        ):
            with self.assertRaises(psycopg2.errors.InsufficientPrivilege):
                self.sql(query, order.id)
        order.action_back_to_draft()
        with self.assertRaises(psycopg2.errors.InsufficientPrivilege):
            self.sql(
                "UPDATE treasury_payment_approval SET state = 'valid' WHERE order_id = %s", order.id
            )

    def test_instruction_is_never_changed_or_deleted(self):
        order = self.generated(100)
        for query in (
            "UPDATE treasury_payment_instruction SET amount = 1000 WHERE order_id = %s",
            "UPDATE treasury_payment_instruction SET account_number = 'X' WHERE order_id = %s",
            "UPDATE treasury_payment_instruction SET beneficiary_name = 'X' WHERE order_id = %s",
            "DELETE FROM treasury_payment_instruction WHERE order_id = %s",
        ):
            with self.assertRaises(psycopg2.errors.InsufficientPrivilege):
                self.sql(query, order.id)
        order.action_cancel()
        with self.assertRaises(psycopg2.errors.InsufficientPrivilege):
            self.sql(
                "UPDATE treasury_payment_instruction SET state = 'approved' WHERE order_id = %s",
                order.id,
            )

    def test_forged_approvals_of_another_file_do_not_count(self):
        order = self.approved(100)
        self.env.cr.execute(
            "UPDATE treasury_payment_order SET digest = repeat('a', 64) WHERE id = %s", [order.id]
        )
        order.invalidate_recordset()
        self.assertEqual(order.missing_approvals, 2)
        with self.assertRaisesRegex(Exception, "changed in the database"):
            order._check_before_sending(order._file()._content())
