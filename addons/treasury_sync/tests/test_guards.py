from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import TreasuryCase


@tagged("post_install", "-at_install")
class TestGuards(TreasuryCase):
    """Every road round the control is closed, for every user and for superuser mode."""

    def refused(self, what, act):
        # An AccessError is a UserError as well.
        with self.subTest(what), self.assertRaises(UserError), self.env.cr.savepoint():
            act()
            self.env.flush_all()

    def roads(self, order):
        payment = order.payment_ids[0]
        entry = payment.move_id
        bill = payment.reconciled_bill_ids
        payable = entry.line_ids.filtered(lambda line: line.account_type == "liability_payable")
        owed = bill.line_ids.filtered(lambda line: line.account_type == "liability_payable")
        tie = owed.matched_debit_ids
        credit = self.make_bill(5, move_type="in_refund").line_ids.filtered(
            lambda line: line.account_type == "liability_payable"
        )
        other = self.make_vendor("Fraud Ltd", "GB29NWBK60161331926819", country="UK")
        fresh = self.pay(self.make_bill(7), user=self.preparer)
        return {
            "amount": lambda env: payment.with_env(env).write({"amount": 999}),
            "partner": lambda env: payment.with_env(env).write({"partner_id": other.id}),
            "account": lambda env: payment.with_env(env).write(
                {"partner_bank_id": other.bank_ids.id}
            ),
            "memo": lambda env: payment.with_env(env).write({"memo": "x"}),
            "draft": lambda env: payment.with_env(env).action_draft(),
            "cancel": lambda env: payment.with_env(env).action_cancel(),
            "reject": lambda env: payment.with_env(env).action_reject(),
            "paid": lambda env: payment.with_env(env).action_validate(),
            "out of the order": lambda env: payment.with_env(env).write(
                {"treasury_order_id": False}
            ),
            "into the order": lambda env: fresh.with_env(env).write(
                {"treasury_order_id": order.id}
            ),
            "born into the order": lambda env: (
                self.env["account.payment"]
                .with_env(env)
                .with_context(default_treasury_order_id=order.id)
                .create(
                    {
                        "amount": 5,
                        "payment_type": "outbound",
                        "partner_type": "supplier",
                        "partner_id": other.id,
                        "journal_id": self.journal.id,
                    }
                )
            ),
            "payment deleted": lambda env: payment.with_env(env).unlink(),
            "entry to draft": lambda env: entry.with_env(env).button_draft(),
            "entry cancelled": lambda env: entry.with_env(env).button_cancel(),
            "entry reversed": lambda env: entry.with_env(env)._reverse_moves(cancel=True),
            "entry deleted": lambda env: (
                entry.with_env(env).with_context(force_delete=True).unlink()
            ),
            "entry's amounts": lambda env: payable.with_env(env).write({"debit": 5}),
            "bill untied": lambda env: payable.with_env(env).remove_move_reconcile(),
            "its items in another entry": lambda env: (
                self.env["account.move"]
                .with_env(env)
                .with_company(self.company_a)
                .create({"move_type": "entry", "journal_id": entry.journal_id.id})
                .write({"line_ids": [Command.link(item) for item in entry.line_ids.ids]})
            ),
            "less ties them": lambda env: tie.with_env(env).write({"amount": 1}),
            "less of its money ties them": lambda env: owed.with_env(env).write(
                {"matched_debit_ids": [Command.update(tie.id, {"credit_amount_currency": 1})]}
            ),
            "tied to another bill": lambda env: tie.with_env(env).write(
                {"credit_move_id": self.make_bill(9).line_ids[-1:].id}
            ),
            "tied by another payment": lambda env: tie.with_env(env).write(
                {"debit_move_id": credit.id}
            ),
            "less than nothing ties them": lambda env: tie.with_env(env).create(
                {
                    "debit_move_id": credit.id,
                    "credit_move_id": owed.id,
                    "amount": 0,
                    "debit_amount_currency": -50,
                    "credit_amount_currency": -50,
                }
            ),
            "bill is open": lambda env: owed.with_env(env).write({"reconciled": False}),
            "bill is open by an amount": lambda env: owed.with_env(env).write(
                {"amount_residual": -100, "amount_residual_currency": -100}
            ),
            "bill to draft": lambda env: bill.with_env(env).button_draft(),
            "bill forgets it": lambda env: bill.with_env(env).write(
                {"matched_payment_ids": [Command.clear()]}
            ),
            "it forgets its bill": lambda env: payment.with_env(env).write(
                {"invoice_ids": [Command.clear()]}
            ),
            "bills count as paid at once": lambda env: self.company_a.with_env(
                env(user=self.env.user)
            ).write({"payments_await_bank": False}),
            "import": lambda env: self._load(payment.with_env(env), 999),
            "order's state": lambda env: order.with_env(env).write({"state": "approved"}),
            "order's digest": lambda env: order.with_env(env).write({"digest": "0" * 64}),
            "order's date": lambda env: order.with_env(env).write({"requested_date": "2027-01-01"}),
            "order's channel": lambda env: order.with_env(env).write(
                {"channel_id": self.make_channel().id}
            ),
            "order's payments": lambda env: order.with_env(env).write(
                {"payment_ids": [Command.clear()]}
            ),
            "order deleted": lambda env: order.with_env(env).unlink(),
            "instruction written": lambda env: order.instruction_ids.with_env(env).write(
                {"amount": 1}
            ),
            "instruction moved": lambda env: order.instruction_ids.with_env(env).write(
                {"state": "booked"}
            ),
            "instruction deleted": lambda env: order.instruction_ids.with_env(env).unlink(),
            "file written": lambda env: order.file_ids.with_env(env).write({"digest": "0" * 64}),
            "file deleted": lambda env: order.file_ids.with_env(env).unlink(),
            "approval made": lambda env: (
                self.env["treasury.payment.approval"].with_env(env).create(self._approval(order))
            ),
            "engine's key forged": lambda env: (
                payment.with_env(env).with_context(treasury_engine=True).write({"amount": 999})
            ),
        }

    def _approval(self, order):
        return {
            "order_id": order.id,
            "company_id": order.company_id.id,
            "version": order.version,
            "digest": order.digest,
            "user_id": self.approver.id,
            "principal_id": self.approver.id,
            "prepared_by_id": order.prepared_by_id.id,
            "last_editor_id": order.last_editor_id.id,
        }

    def _load(self, payment, amount):
        found = payment.load([".id", "amount"], [[str(payment.id), str(amount)]])
        if found["messages"]:
            raise UserError(found["messages"][0]["message"])

    def check(self, order):
        order = order.sudo()
        before = order.payment_ids.read(["amount", "state", "partner_bank_id", "treasury_order_id"])
        for name, act in self.roads(order).items():
            for who, env in (
                ("preparer", self.env(user=self.preparer)),
                ("superuser", self.env(su=True)),
            ):
                self.refused(f"{name} as {who}", lambda act=act, env=env: act(env))
        self.assertEqual(
            order.payment_ids.read(["amount", "state", "partner_bank_id", "treasury_order_id"]),
            before,
        )

    def test_while_it_waits_for_approval(self):
        self.check(self.generated(100))

    def test_once_it_is_approved(self):
        self.check(self.approved(100))

    def test_posting_again_changes_nothing(self):
        order = self.generated(100)
        order.payment_ids.action_post()
        self.assertEqual(order.payment_ids.state, "in_process")

    def test_bill_under_way_has_nothing_left_to_pay(self):
        order = self.generated(100)
        bill = order.payment_ids.reconciled_bill_ids
        with self.assertRaises(UserError):
            self.pay(bill)

    def test_order_cannot_be_born_approved(self):
        with self.assertRaises(UserError):
            self.env["treasury.payment.order"].create(
                {"channel_id": self.channel.id, "state": "approved", "digest": "0" * 64}
            )

    def test_default_keys_do_not_make_it_approved(self):
        order = (
            self.env["treasury.payment.order"]
            .with_user(self.preparer)
            .with_context(default_state="approved", default_digest="0" * 64)
            .create({"channel_id": self.channel.id})
        )
        self.assertEqual((order.state, order.digest), ("draft", False))

    def test_who_changed_an_account_cannot_be_forged(self):
        account = self.vendor.bank_ids
        account.sudo().write({"treasury_editor_id": self.approver.id})
        self.assertNotEqual(account.treasury_editor_id, self.approver)

    def test_contact_that_was_paid_is_not_merged_away(self):
        order = self.generated(100)
        twin = self.env["res.partner"].create({"name": "Vendor, twice"})

        def merge(destination):
            self.env["base.partner.merge.automatic.wizard"].create(
                {
                    "partner_ids": [Command.set((self.vendor | twin).ids)],
                    "dst_partner_id": destination.id,
                }
            ).action_merge()

        with self.assertRaisesRegex(UserError, "destination"):
            merge(twin)
        merge(self.vendor)
        self.assertFalse(twin.exists())
        self.assertEqual(order._live().partner_id, self.vendor)

    def test_other_company_sees_nothing(self):
        order = self.generated(100)
        stranger = self.make_user("preparer_b", "preparer", self.company_b)
        found = self.env["treasury.payment.order"].with_user(stranger).search([])
        self.assertNotIn(order, found)
        with self.assertRaises(AccessError):
            order.with_user(stranger).action_cancel()
