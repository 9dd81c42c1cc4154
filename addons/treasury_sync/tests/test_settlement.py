import itertools
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.finance_connector_base.tools.errors import FinalError, RetryableError
from odoo.addons.treasury_sync.models import treasury_gateway_fetch

from .gateway_common import GatewayCase


@tagged("post_install", "-at_install")
class TestSettlement(GatewayCase):
    # === PAYMENTS === #

    def test_confirmation_marks_the_invoice_in_payment(self):
        invoice = self.make_invoice(100)
        self.tell(self.event("charge.succeeded", self.charge("ch_1", 10000, invoice=invoice.name)))
        settlement = self.settlement("ch_1")
        self.assertEqual(invoice.payment_state, "in_payment")
        self.assertEqual(settlement.invoice_ids, invoice)
        self.assertEqual(settlement.payment_id.partner_id, invoice.partner_id)
        self.assertEqual(self.balance(self.gateway.clearing_account_id), 100)
        self.assertEqual(invoice.treasury_settlement_count, 1)

    def test_intent_and_charge_are_one_payment_whichever_comes_first(self):
        for number, order in enumerate(itertools.permutations(("intent", "charge"))):
            invoice = self.make_invoice(100)
            name = f"ch_{number}"
            documents = {
                "charge": self.event("charge.succeeded", self.charge(name, 10000)),
                "intent": self.event(
                    "payment_intent.succeeded",
                    {
                        "id": f"pi_{name}",
                        "object": "payment_intent",
                        "amount": 10000,
                        "amount_received": 10000,
                        "currency": "eur",
                        "created": 1_795_500_000,
                        "status": "succeeded",
                        "latest_charge": name,
                        "metadata": {"invoice": invoice.name},
                    },
                ),
            }
            with self.subTest(order=order):
                self.tell(*(documents[kind] for kind in order))
                self.assertEqual(invoice.payment_state, "in_payment")
                self.assertEqual(len(self.settlement(name)), 1)
                self.assertEqual(self.settlement(name).payment_id.partner_id, invoice.partner_id)
                self.assertFalse(self.cases("settlement_unmatched", self.settlement(name)))

    def test_zero_decimal_currency(self):
        yen = self.make_rate("JPY", 160, "2026-01-01")
        invoice = self.make_invoice(12345, currency=yen)
        self.tell(
            self.event(
                "charge.succeeded",
                self.charge("ch_yen", 12345, invoice=invoice.name, currency="jpy"),
            )
        )
        self.assertEqual(invoice.payment_state, "in_payment")
        self.assertEqual(self.settlement("ch_yen").payment_id.amount, 12345)

    def test_missing_rate_is_an_exception_and_never_one(self):
        krone = self.env.ref("base.NOK")
        krone.active = True
        krone.rate_ids.unlink()
        exchange = self.tell(
            self.event("charge.succeeded", self.charge("ch_nok", 12345, currency="nok"))
        )
        self.assertEqual(exchange.exception_ids.mapped("code"), ["settlement_rate_missing"])
        self.assertFalse(self.settlement("ch_nok").payment_id)

    def test_failed_payment_books_nothing(self):
        self.tell(self.event("charge.failed", self.charge("ch_1", 10000, status="failed")))
        self.assertFalse(self.settlement("ch_1").payment_id)
        self.assertEqual(self.balance(self.gateway.clearing_account_id), 0)

    def test_locked_period_waits_for_a_person(self):
        self.company_a.fiscalyear_lock_date = "2026-12-31"
        exchange = self.tell(self.event("charge.succeeded", self.charge("ch_1", 10000)))
        self.assertEqual(exchange.exception_ids.mapped("code"), ["settlement_date_locked"])
        self.assertEqual(self.balance(self.gateway.clearing_account_id), 0)
        self.company_a.fiscalyear_lock_date = False
        exchange.action_retry()
        exchange._job_process()
        self.assertEqual(self.balance(self.gateway.clearing_account_id), 100)

    # === WHAT IT IS FOR === #

    def test_unmatched_payment_is_on_account_until_a_person_says(self):
        invoice = self.make_invoice(100)
        self.tell(self.event("charge.succeeded", self.charge("ch_1", 10000)))
        settlement = self.settlement("ch_1")
        case = self.cases("settlement_unmatched", settlement)
        self.assertEqual(len(case), 1)
        self.assertEqual(self.balance(self.gateway.clearing_account_id), 100)
        operator = self.users["operator", "a"]
        wizard = (
            self.env["treasury.settlement.assign"]
            .with_user(operator)
            .create({"settlement_id": settlement.id, "invoice_ids": [(6, 0, invoice.ids)]})
        )
        wizard.action_confirm()
        self.assertEqual(invoice.payment_state, "in_payment")
        self.assertEqual(case.state, "resolved")
        self.assertEqual(settlement.assigned_by_id, operator)
        # What a person said stays said, whatever comes later.
        other = self.make_invoice(100)
        self.tell(
            self.event(
                "charge.updated",
                self.charge("ch_1", 10000, invoice=other.name),
                created=1_795_500_100,
            )
        )
        self.assertEqual(settlement.invoice_ids, invoice)
        self.assertEqual(other.payment_state, "not_paid")

    def test_reference_in_free_text_and_several_invoices(self):
        first = self.make_invoice(60)
        second = self.make_invoice(40)
        second.button_draft()
        second.partner_id = first.partner_id
        second.action_post()
        self.tell(
            self.event(
                "charge.succeeded",
                self.charge("ch_1", 10000, description=f"Thanks for {first.name}, {second.name}"),
            )
        )
        self.assertEqual((first | second).mapped("payment_state"), ["in_payment", "in_payment"])

    def test_doubtful_reference_is_not_guessed(self):
        first, second = self.make_invoice(60), self.make_invoice(50)
        self.tell(
            self.event(
                "charge.succeeded",
                self.charge("ch_1", 10000, description=f"{first.name} {second.name}"),
            )
        )
        self.assertTrue(self.cases("settlement_unmatched", self.settlement("ch_1")))
        self.assertEqual((first | second).mapped("payment_state"), ["not_paid", "not_paid"])

    def test_second_payment_of_an_invoice_is_left_over_in_every_order(self):
        for number, names in enumerate((("a", "b"), ("b", "a"))):
            invoice = self.make_invoice(100)
            for name in names:
                self.tell(
                    self.event(
                        "charge.succeeded",
                        self.charge(f"ch_{number}{name}", 10000, invoice=invoice.name),
                    )
                )
            first, second = (self.settlement(f"ch_{number}{name}") for name in "ab")
            self.assertFalse(self.cases("settlement_overpaid", first))
            self.assertTrue(self.cases("settlement_overpaid", second))

    def test_mapped_customer_gets_the_money_on_account(self):
        customer = self.env["res.partner"].create({"name": "Known"})
        table = self.env["finance.mapping.table"]._of(
            "counterparty", self.company_a, self.gateway.connection_id
        )
        self.env["finance.mapping.entry"].create(
            {"table_id": table.id, "code": "cus_7", "res_id": customer.id}
        )
        self.tell(self.event("charge.succeeded", self.charge("ch_1", 10000, customer="cus_7")))
        self.assertEqual(self.settlement("ch_1").payment_id.partner_id, customer)

    # === MONEY THAT GOES BACK === #

    def test_refund_reopens_what_it_gave_back(self):
        invoice = self.make_invoice(100)
        self.tell(
            self.event("charge.succeeded", self.charge("ch_1", 10000, invoice=invoice.name)),
            self.event("refund.created", self.refund("re_1", "ch_1", 4000)),
        )
        self.assertEqual(invoice.payment_state, "partial")
        self.assertEqual(invoice.amount_residual, 40)
        self.assertEqual(self.balance(self.gateway.clearing_account_id), 60)
        self.tell(self.event("refund.created", self.refund("re_2", "ch_1", 6000)))
        self.assertEqual(invoice.payment_state, "not_paid")
        self.assertEqual(invoice.amount_residual, 100)

    def test_refund_that_fails_comes_back(self):
        invoice = self.make_invoice(100)
        self.tell(
            self.event("charge.succeeded", self.charge("ch_1", 10000, invoice=invoice.name)),
            self.event("refund.created", self.refund("re_1", "ch_1", 4000)),
            self.event("refund.failed", self.refund("re_1", "ch_1", 4000, status="failed")),
        )
        self.assertEqual(invoice.payment_state, "in_payment")
        self.assertEqual(self.balance(self.gateway.clearing_account_id), 100)

    def test_chargeback_reopens_and_a_won_one_closes_again(self):
        invoice = self.make_invoice(100)
        self.tell(
            self.event("charge.succeeded", self.charge("ch_1", 10000, invoice=invoice.name)),
            self.event("charge.dispute.created", self.dispute("dp_1", "ch_1", 10000)),
        )
        self.assertEqual(invoice.payment_state, "in_payment", "an inquiry moves no money")
        self.tell(
            self.event(
                "charge.dispute.funds_withdrawn",
                self.dispute("dp_1", "ch_1", 10000, moved=[-11500]),
            )
        )
        self.assertEqual(invoice.payment_state, "not_paid")
        self.tell(
            self.event(
                "charge.dispute.funds_reinstated",
                self.dispute("dp_1", "ch_1", 10000, "won", moved=[-11500, 10000]),
            )
        )
        self.assertEqual(invoice.payment_state, "in_payment")

    # === WEBHOOKS === #

    def test_webhook_is_proven_over_its_raw_body(self):
        document = self.event("charge.succeeded", self.charge("ch_1", 10000))
        headers, body = self.signed(document)
        connection = self.gateway.connection_id
        self.assertEqual(
            connection._adapter()._verify_webhook(connection, headers, body), document["id"]
        )
        for wrong_headers, wrong_body in (
            (headers, body + b" "),
            ({}, body),
            (self.signed(document, "whsec_other")[0], body),
            (self.signed(document, age=320)[0], body),
            (self.signed(document, age=-320)[0], body),
        ):
            with self.assertRaises(FinalError):
                connection._adapter()._verify_webhook(connection, wrong_headers, wrong_body)

    # === WHO MAY === #

    def test_nobody_writes_what_a_gateway_said(self):
        self.tell(self.event("charge.succeeded", self.charge("ch_1", 10000)))
        settlement = self.settlement("ch_1")
        for records in (settlement, settlement.news_ids):
            with self.assertRaises(AccessError):
                records.sudo().write({"state": "failed"})
            with self.assertRaises(AccessError):
                records.sudo().unlink()

    def test_other_company_sees_and_decides_nothing(self):
        self.tell(self.event("charge.succeeded", self.charge("ch_1", 10000)))
        settlement = self.settlement("ch_1")
        stranger = self.users["operator", "b"]
        self.assertFalse(
            self.env["treasury.settlement"].with_user(stranger).search([("id", "=", settlement.id)])
        )
        with self.assertRaises(AccessError):
            settlement.with_user(stranger)._assign(self.make_invoice(100))

    def test_viewer_reads_and_decides_nothing(self):
        self.tell(self.event("charge.succeeded", self.charge("ch_1", 10000)))
        settlement = self.settlement("ch_1").with_user(self.users["viewer", "a"])
        self.assertEqual(settlement.amount, 100)
        with self.assertRaises(UserError):
            settlement.action_open_assign()
        with self.assertRaises(UserError):
            settlement._assign(self.make_invoice(100))

    def test_same_id_in_another_company_is_another_payment(self):
        gateway = self.make_gateway(self.company_b)
        invoice = self.make_invoice(100)
        document = self.event("charge.succeeded", self.charge("ch_1", 10000, invoice=invoice.name))
        self.tell(document, gateway=gateway)
        self.assertEqual(invoice.payment_state, "not_paid")
        self.assertFalse(self.settlement("ch_1"))
        self.assertEqual(self.settlement("ch_1", gateway).company_id, self.company_b)


@tagged("post_install", "-at_install")
class TestGatewayFetch(GatewayCase):
    def events(self, *documents):
        """The list of events as Stripe pages through it, two at a time."""
        newest_first = sorted(documents, key=lambda item: item["created"], reverse=True)

        def answer(params):
            listed = [
                item for item in newest_first if item["created"] >= params.get("created[gte]", 0)
            ]
            if "starting_after" in params:
                ids = [item["id"] for item in listed]
                listed = listed[ids.index(params["starting_after"]) + 1 :]
            return {"object": "list", "data": listed[:2], "has_more": len(listed) > 2}

        return answer

    def some(self, count, first=0):
        return [
            self.event(
                "charge.succeeded",
                self.charge(f"ch_{number}", 1000 + number),
                name=f"evt_{number}",
                created=1_795_500_000 + 4000 * number,
            )
            for number in range(first, first + count)
        ]

    def test_undelivered_event_is_found(self):
        documents = self.some(5)
        self.tell(*documents[:2])
        with self.gateway_answers({"events": self.events(*documents)}):
            self.gateway._job_fetch()
        self.run_jobs()
        self.assertEqual(len(self.gateway.interface_id.exchange_ids), 5)
        self.assertEqual(
            self.env["treasury.settlement"].search_count([("gateway_id", "=", self.gateway.id)]), 5
        )
        self.assertEqual(self.gateway.event_cursor, str(documents[-1]["created"]))

    def test_cursor_moves_only_with_stored_events(self):
        documents = self.some(4)
        whole = self.events(*documents)

        def broken(params):
            if "starting_after" in params:
                raise RetryableError("cut off")
            return whole(params)

        with self.gateway_answers({"events": broken}):
            self.gateway._job_fetch()
        self.assertFalse(self.gateway.event_cursor)
        self.assertEqual(self.gateway.failure_count, 1)
        self.assertFalse(self.gateway.interface_id.exchange_ids)
        with self.gateway_answers({"events": whole}):
            self.gateway._job_fetch()
        self.assertEqual(len(self.gateway.interface_id.exchange_ids), 4)
        self.assertFalse(self.gateway.failure_count)

    def test_cursor_stands_for_what_was_stored_before_the_storing_broke_off(self):
        documents = self.some(4)
        exchanges = self.registry["finance.exchange"]
        receive = exchanges._receive

        def breaks(model, interface, key, *args, **kwargs):
            if key == documents[2]["id"]:
                raise RetryableError("The vault does not answer.")
            return receive(model, interface, key, *args, **kwargs)

        with (
            self.gateway_answers({"events": self.events(*documents)}),
            patch.object(treasury_gateway_fetch, "CHUNK", 2),
            patch.object(exchanges, "_receive", breaks),
        ):
            self.gateway._job_fetch()
        self.assertEqual(self.gateway.event_cursor, str(documents[1]["created"]))
        self.assertEqual(len(self.gateway.interface_id.exchange_ids), 2)

    def test_late_event_of_a_second_that_was_fetched_is_found(self):
        documents = self.some(2)
        with self.gateway_answers({"events": self.events(*documents)}):
            self.gateway._job_fetch()
        late = self.event(
            "charge.succeeded",
            self.charge("ch_late", 500),
            created=documents[-1]["created"] - 1,
        )
        with self.gateway_answers({"events": self.events(*documents, late)}):
            self.gateway._job_fetch()
        self.assertEqual(len(self.gateway.interface_id.exchange_ids), 3)

    def test_lasting_failure_asks_a_person_and_closes_itself(self):
        def refuse(params):
            raise FinalError("The key was revoked.")

        with self.gateway_answers({"events": refuse}):
            self.gateway._job_fetch()
        case = self.cases("gateway_failing", self.gateway)
        self.assertEqual(len(case), 1)
        with self.gateway_answers({"events": self.events()}):
            self.gateway._job_fetch()
        self.assertEqual(case.state, "resolved")

    def test_success_closes_nothing_but_what_a_failure_opened(self):
        other = self.env["finance.exception"]._open(
            "payout_not_proven",
            "A payout is not proven.",
            kind="business",
            unit_key="x",
            record=self.gateway,
            company=self.company_a,
        )
        with self.gateway_answers({"events": self.events()}):
            self.gateway._job_fetch()
        self.assertEqual(other.state, "open")

    def test_spent_limit_is_waited_for_and_is_no_failure(self):
        def spent(params):
            raise RetryableError("Too many requests.", 600.0, code="rate_limited")

        with self.gateway_answers({"events": spent}):
            for _time in range(4):
                self.gateway._job_fetch()
        self.assertFalse(self.gateway.failure_count)
        self.assertFalse(self.cases("gateway_failing", self.gateway))
        self.assertGreater(self.gateway.next_run_at, fields.Datetime.now() + timedelta(seconds=500))

    def test_place_is_the_machines(self):
        with self.assertRaises(UserError):
            self.gateway.with_user(self.users["manager", "a"]).write({"event_cursor": "9"})
