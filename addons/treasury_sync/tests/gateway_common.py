import json
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from odoo.addons.treasury_sync.tools import stripe

from .common import TreasuryCase

SECRET = "whsec_of_a_test"


class GatewayCase(TreasuryCase):
    """A Stripe account of each company, and its events as Stripe sends them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gateway = cls.make_gateway(cls.company_a)

    @classmethod
    def make_gateway(cls, company, **values):
        def account(code, kind, reconcile=False):
            return cls.env["account.account"].create(
                {
                    "name": f"Gateway {code}",
                    "code": code,
                    "account_type": kind,
                    "reconcile": reconcile,
                    "company_ids": [(6, 0, company.ids)],
                }
            )

        connection = cls.make_connection(
            "stripe", company_id=company.id, endpoint="https://x.test/v1"
        )
        for kind, secret in (("api_key", "rk_test"), ("signing_secret", SECRET)):
            cls.env["finance.credential"].create(
                {"name": kind, "connection_id": connection.id, "kind": kind, "secret": secret}
            )
        interface = cls.make_interface("gateway_settlement", connection, sync_mode="event")
        journal = cls.env["account.journal"].create(
            {"name": "Stripe", "code": "STRP", "type": "bank", "company_id": company.id}
        )
        return cls.env["treasury.gateway"].create(
            {
                "name": "Stripe",
                "interface_id": interface.id,
                "journal_id": journal.id,
                "clearing_account_id": account("123001", "asset_current", True).id,
                "fee_account_id": account("623001", "expense").id,
                "transit_account_id": account("123002", "asset_current", True).id,
                "difference_account_id": account("623002", "expense").id,
                **values,
            }
        )

    # === EVENTS === #

    def event(self, kind, subject, name=None, created=1_795_500_000):
        number = next(self._keys)
        return {
            "id": name or f"evt_{number}",
            "object": "event",
            "type": kind,
            "created": created,
            "api_version": "2026-09-30.basil",
            "livemode": False,
            "pending_webhooks": 1,
            "data": {"object": subject},
        }

    def charge(self, name, amount, *, invoice=None, status="succeeded", currency="eur", **values):
        return {
            "id": name,
            "object": "charge",
            "amount": amount,
            "amount_captured": amount,
            "captured": True,
            "created": 1_795_500_000,
            "currency": currency,
            "status": status,
            "payment_intent": f"pi_{name}",
            "customer": None,
            "description": None,
            "billing_details": {"name": "Customer"},
            "metadata": {"invoice": invoice} if invoice else {},
            **values,
        }

    def refund(self, name, charge, amount, status="succeeded", currency="eur"):
        return {
            "id": name,
            "object": "refund",
            "amount": amount,
            "charge": charge,
            "created": 1_795_510_000,
            "currency": currency,
            "status": status,
            "reason": "requested_by_customer",
        }

    def dispute(self, name, charge, amount, status="needs_response", moved=(), currency="eur"):
        return {
            "id": name,
            "object": "dispute",
            "amount": amount,
            "charge": charge,
            "created": 1_795_520_000,
            "currency": currency,
            "status": status,
            "reason": "fraudulent",
            "balance_transactions": [{"net": net} for net in moved],
        }

    def payout(self, name, amount, status="paid", currency="eur", reference="STRIPE TRACE1"):
        return {
            "id": name,
            "object": "payout",
            "amount": amount,
            "arrival_date": 1_795_600_000,
            "automatic": True,
            "created": 1_795_590_000,
            "currency": currency,
            "status": status,
            "failure_message": "The account is closed." if status == "failed" else None,
            "reconciliation_status": "completed",
            "trace_id": {"status": "supported", "value": reference},
        }

    def entry(self, name, kind, source, amount, fee=0, currency="eur"):
        return {
            "id": name,
            "object": "balance_transaction",
            "type": kind,
            "amount": amount,
            "fee": fee,
            "net": amount - fee,
            "currency": currency,
            "created": 1_795_580_000,
            "source": source,
            "description": kind,
        }

    def report(self, payout, *entries):
        page = {"object": "list", "has_more": False, "data": list(entries)}
        return stripe.pack_report(payout, [json.dumps(page).encode()])

    # === DOING === #

    def tell(self, *documents, gateway=None):
        """Receive documents as webhook or list would, and work on each."""
        gateway = gateway or self.gateway
        exchanges = self.env["finance.exchange"]
        for document in documents:
            content = document if isinstance(document, bytes) else json.dumps(document).encode()
            told = json.loads(content)
            key = told.get("id") or told.get("event_id") or f"report-{next(self._keys)}"
            exchange, is_new = self.receive(gateway.interface_id, content, key=key)
            if is_new:
                exchange._job_process()
            exchanges |= exchange
        return exchanges

    def tell_together(self, *documents):
        """Receive documents as webhooks would that came while no worker was free, and let one work on them."""
        exchanges = self.env["finance.exchange"]
        for document in documents:
            content = json.dumps(document).encode()
            exchanges |= self.receive(self.gateway.interface_id, content, key=document["id"])[0]
        exchanges[0]._job_process()
        self.assertEqual(set(exchanges.mapped("work_status")), {"done"})
        return exchanges

    def settlement(self, name, gateway=None):
        return self.env["treasury.settlement"].search(
            [("external_id", "=", name), ("gateway_id", "=", (gateway or self.gateway).id)]
        )

    def balance(self, account):
        lines = self.env["account.move.line"].search(
            [("account_id", "=", account.id), ("parent_state", "=", "posted")]
        )
        return round(sum(lines.mapped("balance")), 2)

    def cases(self, code, record=None):
        domain = [("code", "=", code), ("state", "in", ("open", "in_progress"))]
        if record:
            domain += [("res_model", "=", record._name), ("res_id", "=", record.id)]
        return self.env["finance.exception"].search(domain)

    @contextmanager
    def gateway_answers(self, answers):
        """What Stripe's API answers instead of the network: path -> document, or a function of the parameters."""

        class Response:
            def __init__(self, document):
                self.body = json.dumps(document).encode()

        def call(_self, connection, method, path, *, params=None, **_options):
            answer = answers[path]
            return Response(answer(params or {}) if callable(answer) else answer)

        with patch.object(type(self.env["finance.adapter.stripe"]), "_call", call):
            yield

    def signed(self, document, secret=SECRET, age=0):
        body = json.dumps(document, indent=1).encode()
        moment = datetime.now(UTC) - timedelta(seconds=age)
        return {"Stripe-Signature": stripe.sign([secret], body, moment)}, body
