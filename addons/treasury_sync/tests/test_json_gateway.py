import json
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.finance_connector_base.tools.errors import FinalError
from odoo.addons.finance_connector_base.tools.signatures import HmacScheme, sign_hmac

from .gateway_common import SECRET, GatewayCase

MAPPING = json.loads((Path(__file__).parent / "gateway_mapping.json").read_text())


@tagged("post_install", "-at_install")
class TestJsonGateway(GatewayCase):
    """A second gateway, of which the code knows nothing: the way of a payment to the bank account is the same."""

    @classmethod
    def make_connection(cls, adapter, **values):
        return super().make_connection("json_gateway" if adapter == "stripe" else adapter, **values)

    @classmethod
    def make_interface(cls, handler, connection, **values):
        if handler == "gateway_settlement":
            values["version"] = {"settings": MAPPING}
        return super().make_interface(handler, connection, **values)

    def message(self, name, kind, **payload):
        return {
            "event_id": name,
            "happened": "2026-11-25T10:00:00Z",
            "type": kind,
            "payload": {"day": "2026-11-25", **payload},
        }

    def payment(self, name, value, invoice):
        return self.message(
            f"E-{name}",
            "payment",
            transaction=name,
            state="PAID",
            total={"value": value, "unit": "EUR"},
            order={"invoice": invoice.name},
        )

    def gateway_says(self, answers):
        class Response:
            def __init__(self, document):
                self.body = json.dumps(document).encode()

        def call(_self, connection, method, path, *, params=None, **_options):
            answer = answers[path]
            return Response(answer(params) if callable(answer) else answer)

        return patch.object(type(self.env["finance.adapter.json_gateway"]), "_call", call)

    def test_from_webhook_to_bank_line(self):
        invoice = self.make_invoice(100)
        paid = self.payment("T1", "100.00", invoice)
        payout = self.message(
            "E-P1",
            "payout",
            payout="P1",
            state="SENT",
            total={"value": "97.00", "unit": "EUR"},
            statement_text="PSP 4711",
        )
        lines = [
            {"line": "L1", "type": "SALE", "gross": "100.00", "net": "98.00", "unit": "EUR",
             "day": "2026-11-25", "about": "T1"},
            {"line": "L2", "type": "COST", "gross": "-1.00", "net": "-1.00", "unit": "EUR",
             "day": "2026-11-25"},
        ]  # fmt: skip
        self.tell(paid, payout)
        self.assertEqual(invoice.payment_state, "in_payment")
        answers = {
            # The list shows again what a webhook brought.
            "events": {"events": [paid, payout], "next": None},
            "payouts/P1/lines": lambda params: (
                {"lines": lines[1:]} if "after" in params else {"lines": lines[:1], "next": "2"}
            ),
        }
        with self.gateway_says(answers):
            self.run_jobs()
        self.assertEqual(self.settlement("P1").proof_state, "proven")
        self.assertEqual(self.balance(self.gateway.clearing_account_id), 0)
        self.assertEqual(self.balance(self.gateway.fee_account_id), 3)
        line = self.statement_line(97, payment_ref="PSP 4711")
        self.match()
        self.assertTrue(line.is_reconciled)
        self.assertEqual(invoice.payment_state, "paid")

    def test_undelivered_message_is_found_and_known_ones_are_recognised(self):
        invoices = [self.make_invoice(100) for _number in range(3)]
        messages = [
            self.payment(f"T{number}", "100.00", invoice) for number, invoice in enumerate(invoices)
        ]
        self.gateway.interface_id._set_mode("live")
        for message in messages[:2]:
            content = json.dumps(message, indent=3).encode()
            exchange, _is_new = self.receive(
                self.gateway.interface_id, content, key=message["event_id"]
            )
            exchange._job_process()
        with self.gateway_says({"events": {"events": messages, "next": ""}}):
            self.gateway._job_fetch()
        self.run_jobs()
        self.assertEqual(len(self.gateway.interface_id.exchange_ids), 3)
        self.assertFalse(self.gateway.interface_id.exchange_ids.exception_ids)
        self.assertEqual({invoice.payment_state for invoice in invoices}, {"in_payment"})

    def test_signature_is_the_one_described(self):
        connection = self.gateway.connection_id
        body = json.dumps(self.payment("T1", "1.00", self.make_invoice(1))).encode()
        scheme = HmacScheme(**MAPPING["signature"])
        headers = sign_hmac(scheme, SECRET, body, datetime.now(UTC))
        adapter = connection._adapter()
        self.assertEqual(adapter._verify_webhook(connection, headers, body), "E-T1")
        with self.assertRaises(FinalError):
            adapter._verify_webhook(connection, headers, body + b" ")

    def test_form_that_changed_is_an_exception_and_books_nothing(self):
        message = self.payment("T1", "100.00", self.make_invoice(100))
        message["payload"]["state"] = "SETTLED_MAYBE"
        exchange = self.tell(message)
        self.assertEqual(exchange.exception_ids.mapped("code"), ["settlement_unreadable"])
        self.assertFalse(self.settlement("T1"))
