import zlib

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.queue_job.exception import RetryableJobError

from .gateway_common import GatewayCase


@tagged("post_install", "-at_install")
class TestPayout(GatewayCase):
    """A payout of two payments, a refund, a chargeback with its fee and a fee of the gateway's own."""

    def setUp(self):
        super().setUp()
        self.invoices = [self.make_invoice(amount) for amount in (100, 200, 300)]
        self.objects = [
            self.event("charge.succeeded", self.charge(name, amount, invoice=invoice.name))
            for name, amount, invoice in zip(
                ("ch_1", "ch_2", "ch_3"), (10000, 20000, 30000), self.invoices, strict=True
            )
        ]
        self.objects += [
            self.event("refund.created", self.refund("re_1", "ch_1", 4000)),
            self.event(
                "charge.dispute.funds_withdrawn",
                self.dispute("dp_1", "ch_3", 30000, moved=[-31500]),
            ),
        ]
        self.rows = [
            self.entry("txn_1", "charge", "ch_1", 10000, 175),
            self.entry("txn_2", "charge", "ch_2", 20000, 325),
            self.entry("txn_3", "charge", "ch_3", 30000, 475),
            self.entry("txn_4", "refund", "re_1", -4000),
            self.entry("txn_5", "adjustment", "dp_1", -30000, 1500),
            self.entry("txn_6", "stripe_fee", None, -200),
        ]
        self.net = sum(row["net"] for row in self.rows)
        self.paid = self.payout("po_1", self.net)

    def told(self, *more):
        return [
            *self.objects,
            self.event("payout.paid", self.paid),
            self.report(self.paid, *self.rows),
            *more,
        ]

    def bank_books(self, payout, amount=None, journal=None):
        line = self.statement_line(
            payout.amount if amount is None else amount,
            journal=journal,
            payment_ref=f"STRIPE {payout.bank_reference}",
        )
        self.match()
        return line

    # === PROOF === #

    def test_clearing_account_proves_to_zero(self):
        self.tell(*self.told())
        payout = self.settlement("po_1")
        self.assertEqual(payout.proof_state, "proven")
        self.assertEqual(payout.proof_difference, 0)
        self.assertEqual(
            (payout.total_gross, payout.total_fee, payout.amount), (260, 26.75, 233.25)
        )
        self.assertEqual(self.balance(self.gateway.clearing_account_id), 0)
        self.assertEqual(self.balance(self.gateway.fee_account_id), 26.75)
        self.assertEqual(self.balance(self.gateway.transit_account_id), 233.25)
        self.assertEqual(payout.clearing_balance, 0)
        self.assertFalse(self.cases("payout_not_proven"))
        charge = self.settlement("ch_1")
        self.assertEqual((charge.gross, charge.fee, charge.net), (100, 1.75, 98.25))
        self.assertEqual(charge.payout_id, payout)
        self.assertEqual(
            [(news.settlement_id.external_id, news.amount) for news in charge.timeline_ids],
            [("ch_1", 100), ("re_1", 40), ("po_1", 233.25), ("po_1", 233.25)],
        )

    def test_every_order_of_arrival_ends_alike(self):
        documents = self.told()
        self.tell(*reversed(documents))
        payout = self.settlement("po_1")
        self.assertEqual(payout.proof_state, "proven")
        self.assertEqual(self.balance(self.gateway.clearing_account_id), 0)
        self.assertEqual(self.balance(self.gateway.transit_account_id), 233.25)
        self.assertEqual(
            [invoice.payment_state for invoice in self.invoices],
            ["partial", "in_payment", "not_paid"],
        )
        self.assertFalse(self.cases("payout_not_proven"))

    def test_what_is_not_in_the_books_is_named_and_nothing_is_booked(self):
        [_first, lost, *others] = self.objects
        self.objects = [_first, *others]
        self.tell(*self.told())
        payout = self.settlement("po_1")
        case = self.cases("payout_not_proven", payout)
        self.assertEqual(payout.proof_state, "differs")
        self.assertEqual(payout.proof_difference, 200)
        self.assertEqual(case.evidence["rows"], ["txn_2: unknown 200.00"])
        self.assertEqual(case.evidence["difference"], "200.00")
        self.assertFalse(payout.move_id)
        # Late, and all is well.
        self.tell(lost)
        self.assertEqual(payout.proof_state, "proven")
        self.assertEqual(case.state, "resolved")
        self.assertEqual(self.balance(self.gateway.clearing_account_id), 0)

    def test_expanded_rows_bring_what_no_event_brought(self):
        charge = self.charge("ch_9", 5000, invoice=self.make_invoice(50).name)
        row = {**self.entry("txn_9", "charge", "ch_9", 5000, 100), "source": charge}
        payout = self.payout("po_9", 4900)
        self.tell(self.report(payout, row))
        self.assertEqual(self.settlement("po_9").proof_state, "proven")
        self.assertEqual(self.settlement("ch_9").invoice_ids.payment_state, "in_payment")

    def test_list_that_is_not_the_payout_is_said_by_how_much(self):
        self.paid["amount"] += 100
        self.tell(*self.told())
        [case] = self.cases("payout_not_proven")
        self.assertEqual(case.evidence["list_incomplete_by"], "1.00")
        self.assertFalse(self.settlement("po_1").move_id)
        self.assertEqual(self.balance(self.gateway.transit_account_id), 0)

    def test_operator_books_what_nothing_explains(self):
        self.rows.append(self.entry("txn_7", "contribution", None, -300))
        self.paid["amount"] = self.net - 300
        self.tell(*self.told())
        payout = self.settlement("po_1")
        self.assertEqual(payout.row_ids.filtered("problem").problem, "kind")
        with self.assertRaises(UserError):
            payout.with_user(self.users["viewer", "a"]).action_book_difference()
        payout.with_user(self.users["operator", "a"]).action_book_difference()
        self.assertEqual(payout.proof_state, "proven")
        self.assertEqual(self.balance(self.gateway.difference_account_id), 3)
        self.assertEqual(self.balance(self.gateway.clearing_account_id), 0)
        self.assertEqual(payout.row_ids.accepted_by_id, self.users["operator", "a"])

    def test_operator_books_the_part_that_differs(self):
        self.rows[1] |= {"amount": 20300, "net": 20300 - 325}
        self.paid["amount"] = self.net + 300
        self.tell(*self.told())
        payout = self.settlement("po_1")
        self.assertEqual(payout.proof_difference, 3)
        self.assertEqual(payout.row_ids.filtered("problem").problem, "differs")
        payout.with_user(self.users["operator", "a"]).action_book_difference()
        self.assertEqual(self.balance(self.gateway.clearing_account_id), 0)
        self.assertEqual(self.balance(self.gateway.difference_account_id), -3)
        self.assertEqual(self.balance(self.gateway.transit_account_id), 236.25)

    def test_operator_books_a_payout_whose_list_is_incomplete(self):
        self.paid["amount"] += 100
        self.tell(*self.told())
        payout = self.settlement("po_1")
        payout.with_user(self.users["operator", "a"]).action_book_difference()
        self.assertEqual(payout.proof_state, "proven")
        self.assertEqual(payout.accepted_by_id, self.users["operator", "a"])
        self.assertEqual(self.balance(self.gateway.clearing_account_id), 0)
        self.assertEqual(self.balance(self.gateway.difference_account_id), -1)
        self.assertEqual(self.balance(self.gateway.transit_account_id), 234.25)

    def test_payout_that_cannot_be_itemised_is_booked_by_a_person(self):
        self.paid |= {"automatic": False, "amount": 10000}
        self.tell(*self.objects, self.event("payout.paid", self.paid))
        payout = self.settlement("po_1")
        self.assertEqual(payout.proof_state, "differs")
        self.assertTrue(self.cases("payout_not_proven", payout))
        payout.with_user(self.users["operator", "a"]).action_book_difference()
        self.assertEqual(self.balance(self.gateway.transit_account_id), 100)
        self.assertEqual(self.balance(self.gateway.clearing_account_id), 160)
        self.assertFalse(self.cases("payout_not_proven", payout))

    # === THE BANK === #

    def test_payout_clears_against_its_bank_line(self):
        self.tell(*self.told())
        payout = self.settlement("po_1")
        self.assertEqual(self.invoices[1].payment_state, "in_payment")
        line = self.bank_books(payout)
        self.assertTrue(line.is_reconciled)
        self.assertEqual(payout.statement_line_id, line)
        self.assertEqual(self.invoices[1].payment_state, "paid")
        self.assertEqual(self.balance(self.gateway.transit_account_id), 0)
        clearing = self.env["account.move.line"].search(
            [("account_id", "=", self.gateway.clearing_account_id.id)]
        )
        self.assertTrue(all(item.reconciled for item in clearing))

    def test_undone_bank_line_makes_the_payout_wait_again(self):
        self.tell(*self.told())
        payout = self.settlement("po_1")
        line = self.bank_books(payout)
        line.action_undo_reconciliation()
        self.assertFalse(payout.statement_line_id)
        self.assertEqual(self.invoices[1].payment_state, "in_payment")
        self.assertEqual(self.balance(self.gateway.transit_account_id), 233.25)

    def test_bank_line_never_takes_a_payment_out_of_clearing(self):
        self.tell(*self.objects)
        line = self.statement_line(200, payment_ref=f"Invoice {self.invoices[1].name}")
        self.match()
        self.assertFalse(line.is_reconciled)
        self.assertEqual(self.invoices[1].payment_state, "in_payment")

    # === PAYOUTS THAT COME BACK === #

    def failure(self):
        failed = self.payout("po_1", self.net, "failed")
        return self.event("payout.failed", failed, created=1_795_700_000)

    def next_payout(self):
        invoice = self.make_invoice(50)
        rows = [
            self.entry("txn_20", "payout_failure", "po_1", self.net),
            self.entry("txn_21", "charge", "ch_20", 5000, 100),
        ]
        payout = self.payout("po_2", self.net + 4900, reference="STRIPE TRACE2")
        return invoice, [
            self.event("charge.succeeded", self.charge("ch_20", 5000, invoice=invoice.name)),
            self.event("payout.paid", payout),
            self.report(payout, *rows),
        ]

    def test_payout_that_fails_later_is_reversed_and_comes_with_the_next(self):
        self.tell(*self.told(self.failure()))
        payout = self.settlement("po_1")
        self.assertEqual(payout.state, "failed")
        self.assertEqual(self.balance(self.gateway.transit_account_id), 0)
        self.assertEqual(self.balance(self.gateway.clearing_account_id), 233.25)
        self.assertEqual(self.balance(self.gateway.fee_account_id), 26.75)
        self.assertIn(
            payout.currency_id.format(payout.amount), self.cases("payout_failed", payout).summary
        )
        self.assertEqual(self.invoices[1].payment_state, "in_payment")
        invoice, documents = self.next_payout()
        self.tell(*documents)
        following = self.settlement("po_2")
        self.assertEqual(following.proof_state, "proven")
        self.assertEqual(self.balance(self.gateway.clearing_account_id), 0)
        self.bank_books(following)
        self.assertEqual((invoice | self.invoices[1]).mapped("payment_state"), ["paid", "paid"])
        clearing = self.env["account.move.line"].search(
            [("account_id", "=", self.gateway.clearing_account_id.id)]
        )
        self.assertTrue(all(item.reconciled for item in clearing))

    def test_failure_known_before_the_payout_ends_alike(self):
        _invoice, following = self.next_payout()
        self.tell(*following, self.failure(), *reversed(self.told()))
        self.assertEqual(self.settlement("po_1").state, "failed")
        self.assertEqual(self.settlement("po_2").proof_state, "proven")
        self.assertEqual(self.balance(self.gateway.clearing_account_id), 0)
        self.assertEqual(self.balance(self.gateway.transit_account_id), 282.25)

    def test_return_of_a_booked_payout_clears_against_its_own_bank_line(self):
        self.tell(*self.told())
        payout = self.settlement("po_1")
        self.bank_books(payout)
        self.tell(self.failure())
        back = self.bank_books(payout, -payout.amount)
        self.assertTrue(back.is_reconciled)
        self.assertEqual(self.balance(self.gateway.transit_account_id), 0)

    def test_failed_payout_that_the_bank_never_saw_is_closed(self):
        self.tell(*self.told(self.failure()))
        payout = self.settlement("po_1")
        items = payout._transit_items(payout.move_id | payout.reversal_id)
        self.env["treasury.settlement"]._close_failed_transits()
        self.assertFalse(any(items.mapped("reconciled")), "within the days of grace")
        with freeze_time("2027-01-15"):
            self.env["treasury.settlement"]._close_failed_transits()
        self.assertTrue(all(items.mapped("reconciled")))

    # === CURRENCIES === #

    def test_payment_in_another_currency_than_its_payout(self):
        dollar = self.make_rate("USD", 1.25, "2026-01-01")
        invoice = self.make_invoice(100, currency=dollar)
        charge = self.charge("ch_usd", 10000, invoice=invoice.name, currency="usd")
        payout = self.payout("po_usd", 8000)
        self.tell(
            self.event("charge.succeeded", charge),
            self.report(payout, self.entry("txn_usd", "charge", "ch_usd", 8200, 200)),
        )
        self.assertEqual(self.settlement("po_usd").proof_state, "proven")
        self.bank_books(self.settlement("po_usd"))
        self.assertEqual(invoice.payment_state, "paid")
        # 2.00 of exchange gain: 80 by our rate, 82 by the gateway's.
        self.assertEqual(self.balance(self.gateway.clearing_account_id), 0)

    def test_payout_in_a_currency_that_is_not_the_companys(self):
        self.make_rate("USD", 1.1, "2026-01-01")
        payout = self.payout("po_usd", 19333, currency="usd")
        self.tell(
            self.event("charge.succeeded", self.charge("ch_u1", 9999, currency="usd")),
            self.event("charge.succeeded", self.charge("ch_u2", 10001, currency="usd")),
            self.report(
                payout,
                self.entry("txn_u1", "charge", "ch_u1", 9999, 333, currency="usd"),
                self.entry("txn_u2", "charge", "ch_u2", 10001, 334, currency="usd"),
            ),
        )
        entry = self.settlement("po_usd").move_id
        self.assertEqual(entry.state, "posted")
        self.assertAlmostEqual(sum(entry.line_ids.mapped("balance")), 0, 2)
        self.assertEqual(sum(entry.line_ids.mapped("amount_currency")), 0)

    # === ROWS ARE ASKED FOR === #

    def test_rows_of_a_payout_are_fetched_by_the_schedule(self):
        self.tell(*self.objects, self.event("payout.paid", self.paid))
        self.assertEqual(self.settlement("po_1").proof_state, "waiting")
        with self.gateway_answers(
            {
                "events": {"object": "list", "data": [], "has_more": False},
                "payouts/po_1": self.paid,
                "balance_transactions": {"object": "list", "data": self.rows, "has_more": False},
            }
        ):
            self.run_jobs()
        self.assertEqual(self.settlement("po_1").proof_state, "proven")

    def test_payout_that_becomes_known_during_a_fetch_is_fetched_after_it(self):
        self.tell(*self.objects, self.event("payout.paid", self.paid))
        lock = [0x46495203, zlib.crc32(f"gateway:{self.gateway.id}".encode()) - 2**31]
        with self.registry.cursor() as worker:
            worker.execute("SELECT pg_advisory_lock(%s, %s)", lock)
            with self.assertRaises(RetryableJobError):
                self.gateway._job_fetch()
            worker.execute("SELECT pg_advisory_unlock(%s, %s)", lock)

    def test_payout_that_cannot_be_had_keeps_no_other_waiting(self):
        other = self.payout("po_0", 4900)
        charge = self.charge("ch_0", 5000)
        self.tell(
            *self.objects,
            self.event("payout.paid", self.paid),
            self.event("charge.succeeded", charge),
            self.event("payout.paid", other),
        )

        def rows(params):
            mine = [self.entry("txn_0", "charge", "ch_0", 5000, 100)]
            return {"object": "list", "data": mine, "has_more": False}

        with self.gateway_answers(
            {
                "events": {"object": "list", "data": [], "has_more": False},
                "payouts/po_1": {**self.paid, "reconciliation_status": "in_progress"},
                "payouts/po_0": other,
                "balance_transactions": rows,
            }
        ):
            self.run_jobs()
        self.assertEqual(self.settlement("po_0").proof_state, "proven")
        self.assertEqual(self.settlement("po_1").proof_state, "waiting")
        self.assertEqual(self.gateway.failure_count, 1)

    def test_payout_that_is_still_added_up_is_asked_for_later(self):
        self.tell(*self.objects, self.event("payout.paid", self.paid))
        with self.gateway_answers(
            {
                "events": {"object": "list", "data": [], "has_more": False},
                "payouts/po_1": {**self.paid, "reconciliation_status": "in_progress"},
            }
        ):
            self.run_jobs()
        self.assertEqual(self.settlement("po_1").proof_state, "waiting")
        self.assertFalse(self.settlement("po_1").row_ids)
