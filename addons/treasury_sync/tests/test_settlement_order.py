import json
import random

from odoo.tests import tagged

from .gateway_common import GatewayCase


@tagged("post_install", "-at_install")
class TestSettlementOrder(GatewayCase):
    """Whatever the order, however often, one by one or together: the same end state."""

    def test_end_state_is_the_same_for_every_order_and_repetition(self):
        reference = None
        dice = random.Random(7)
        for number in range(8):
            invoices = [self.make_invoice(amount) for amount in (100, 200, 300)]
            names = [f"ch_{number}{letter}" for letter in "abc"]
            documents = [
                *(
                    self.event(
                        "charge.succeeded",
                        self.charge(name, amount, invoice=invoice.name),
                    )
                    for name, amount, invoice in zip(
                        names, (10000, 20000, 30000), invoices, strict=True
                    )
                ),
                self.event("refund.created", self.refund(f"re_{number}", names[0], 2500)),
                self.event("refund.created", self.refund(f"rf_{number}", names[1], 5000)),
                self.event("refund.failed", self.refund(f"rf_{number}", names[1], 5000, "failed")),
                self.event(
                    "charge.dispute.funds_withdrawn",
                    self.dispute(f"dp_{number}", names[2], 30000, moved=[-31500]),
                ),
                self.event("payout.failed", self.payout(f"po_{number}", 12000, "failed")),
                self.event("payout.paid", self.payout(f"po_{number}", 12000)),
            ]
            arrival = documents + dice.choices(documents, k=4)
            if number:
                dice.shuffle(arrival)
            before = self.balance(self.gateway.clearing_account_id)
            # One by one, and what came while no worker was free in one transaction: it makes no difference.
            (self.tell_together if number % 2 else self.tell)(*arrival)
            found = (
                [(invoice.payment_state, invoice.amount_residual) for invoice in invoices],
                round(self.balance(self.gateway.clearing_account_id) - before, 2),
                self.settlement(f"po_{number}").state,
            )
            reference = reference or found
            self.assertEqual(found, reference)
        self.assertEqual(
            reference,
            ([("partial", 25), ("in_payment", 0), ("not_paid", 300)], 275, "failed"),
        )

    def test_payments_of_one_invoice_told_together_take_it_in_the_order_of_their_dates(self):
        invoice = self.make_invoice(100)
        events = [
            self.event(
                "charge.succeeded",
                self.charge(name, 6000, invoice=invoice.name, created=1_795_500_000 + later),
            )
            for name, later in (("ch_late", 200_000), ("ch_early", 0))
        ]
        self.tell_together(*events)
        self.assertEqual(invoice.payment_state, "in_payment")
        self.assertFalse(self.cases("settlement_overpaid", self.settlement("ch_early")))
        self.assertTrue(self.cases("settlement_overpaid", self.settlement("ch_late")))

    def test_one_that_waits_for_a_person_keeps_none_told_with_it_waiting(self):
        invoice = self.make_invoice(100)
        self.company_a.fiscalyear_lock_date = "2026-11-10"
        locked = self.charge("ch_locked", 5000, created=1_793_000_000)
        fine = self.charge("ch_1", 10000, invoice=invoice.name)
        exchanges = self.env["finance.exchange"]
        for charge in (locked, fine):
            event = self.event("charge.succeeded", charge)
            content = json.dumps(event).encode()
            exchanges |= self.receive(self.gateway.interface_id, content, key=event["id"])[0]
        exchanges[0]._job_process()
        self.assertEqual(exchanges.mapped("work_status"), ["exception", "done"])
        self.assertEqual(exchanges.exception_ids.mapped("code"), ["settlement_date_locked"])
        self.assertEqual(invoice.payment_state, "in_payment")
        self.assertEqual(self.balance(self.gateway.clearing_account_id), 100)

    def test_event_in_two_spellings_is_one(self):
        document = self.event("charge.succeeded", self.charge("ch_1", 10000))
        [first] = self.tell(document)
        [second] = self.tell({**document, "pending_webhooks": 0})
        self.assertEqual(first, second)
        self.assertFalse(first.exception_ids)

    def test_replay_changes_nothing(self):
        invoice = self.make_invoice(100)
        exchange = self.tell(
            self.event("charge.succeeded", self.charge("ch_1", 10000, invoice=invoice.name))
        )
        entries = self.env["account.move"].search_count([])
        exchange.action_replay()
        exchange._job_process()
        self.assertEqual(self.env["account.move"].search_count([]), entries)
        self.assertEqual(exchange.work_status, "done")
