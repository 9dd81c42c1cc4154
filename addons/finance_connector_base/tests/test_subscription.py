import json
from datetime import UTC, datetime
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.addons.finance_connector_base.tools.errors import FinalError, RetryableError
from odoo.addons.finance_connector_base.tools.http_client import HttpResponse
from odoo.addons.finance_connector_base.tools.signatures import generate_secret, verify_webhook


class _Receiver:
    """Stands for the HTTP client of a connection and keeps what was sent."""

    def __init__(self, status=204, headers=None):
        self.status = status
        self.headers = headers or {}
        self.sent = []

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        return None

    def request(self, method, path, *, idempotent, headers, body):
        self.sent.append((path, headers, body))
        return HttpResponse(self.status, self.headers, b"", 0.01, method, path, idempotent)


@tagged("post_install", "-at_install")
class TestSubscription(AccountTestInvoicingCommon):
    """Subscribers would miss events, get them twice, or learn what is none of their business."""

    @classmethod
    def get_default_groups(cls):
        return super().get_default_groups() | cls.quick_ref(
            "finance_connector_base.group_finance_manager"
        )

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.company_data["company"]
        cls.secret = generate_secret()
        cls.connection = cls.env["finance.connection"].create(
            {
                "name": "Warehouse",
                "adapter": "webhook",
                "environment": "sandbox",
                "endpoint": "https://warehouse.example.com/events",
                "company_id": cls.company.id,
            }
        )
        cls.env["finance.credential"].create(
            {
                "name": "Signing",
                "connection_id": cls.connection.id,
                "kind": "signing_secret",
                "secret": cls.secret,
                "valid_from": "2020-01-01",
            }
        )
        cls.interface = cls.env["finance.interface"].create(
            {
                "name": "Events for the warehouse",
                "code": "warehouse.events",
                "company_id": cls.company.id,
                "connection_id": cls.connection.id,
                "handler": "event",
            }
        )
        cls.interface._go_live("Needed by a test.")
        cls.subscription = cls.env["finance.subscription"].create(
            {
                "name": "Warehouse",
                "company_id": cls.company.id,
                "interface_id": cls.interface.id,
                "event_type_ids": cls.env["finance.event.type"].search([]).ids,
            }
        )

    def _events(self, event_type=None):
        domain = [("interface_id", "=", self.interface.id)]
        if event_type:
            domain.append(("event_type", "=", event_type))
        return self.env["finance.exchange"].search(domain, order="id")

    def _post_invoice(self, **kwargs):
        return self.init_invoice("out_invoice", post=True, amounts=[100.0], **kwargs)

    # === EMISSION === #

    def test_posted_invoice_has_one_event_with_references_only(self):
        invoice = self._post_invoice()
        event = self._events()
        self.assertEqual(event.mapped("event_type"), ["invoice.posted"])
        self.assertEqual((event.res_model, event.res_id), ("account.move", invoice.id))
        self.assertEqual((event.milestone, event.work_status), ("prepared", "ready"))
        message = json.loads(event._content())
        self.assertEqual(message["type"], "invoice.posted")
        self.assertEqual(message["data"]["name"], invoice.name)
        self.assertEqual(message["data"]["amount_total"], f"{invoice.amount_total:.2f}")
        self.assertNotIn(invoice.partner_id.name, event._content().decode())

    def test_same_event_published_again_in_its_transaction_stays_one(self):
        invoice = self._post_invoice()
        self.env["finance.subscription"]._publish("invoice.posted", invoice)
        self.assertEqual(len(self._events()), 1)

    def test_rolled_back_invoice_leaves_no_event(self):
        with self.assertRaisesRegex(UserError, "changed my mind"), self.env.cr.savepoint():
            self._post_invoice()
            raise UserError(self.env._("changed my mind"))
        self.assertFalse(self._events())

    def test_paid_invoice_has_one_event(self):
        invoice = self._post_invoice()
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({"payment_date": invoice.date})._create_payments()
        expected = 1 if invoice.payment_state == "paid" else 0
        self.assertEqual(len(self._events("invoice.paid")), expected)
        # Whether a payment counts at once is the database's choice; that it was paid in the end is not.
        invoice.payment_state = "paid"
        invoice._invoice_paid_hook()
        invoice._invoice_paid_hook()
        self.assertEqual(len(self._events("invoice.paid")), 1)

    def test_payment_on_its_way_is_not_paid(self):
        invoice = self._post_invoice()
        invoice.payment_state = "in_payment"
        invoice._invoice_paid_hook()
        self.assertFalse(self._events("invoice.paid"))

    def test_entry_is_no_invoice(self):
        self.env["account.move"].create(
            {
                "move_type": "entry",
                "line_ids": [
                    fields.Command.create(
                        {
                            "account_id": self.company_data["default_account_revenue"].id,
                            "debit": debit,
                            "credit": credit,
                        }
                    )
                    for debit, credit in ((10.0, 0.0), (0.0, 10.0))
                ],
            }
        ).action_post()
        self.assertFalse(self._events())

    def test_other_company_is_not_told(self):
        other = self.setup_other_company()
        self._post_invoice(company=other["company"])
        self.assertFalse(self._events())

    def test_archived_subscription_is_not_told(self):
        self.subscription.active = False
        self._post_invoice()
        self.assertFalse(self._events())

    def test_event_types_choose(self):
        self.subscription.event_type_ids = self.env.ref(
            "finance_connector_base.event_type_invoice_paid"
        )
        self._post_invoice()
        self.assertFalse(self._events())

    def test_nobody_subscribed_costs_no_query(self):
        self.subscription.active = False
        invoice = self._post_invoice()
        subscriptions = self.env["finance.subscription"]
        subscriptions._publish("invoice.posted", invoice)
        with self.assertQueryCount(0):
            subscriptions._publish("invoice.posted", invoice)

    def test_person_without_finance_groups_causes_events_with_clean_defaults(self):
        clerk = new_test_user(
            self.env,
            "invoicing clerk",
            groups="account.group_account_invoice",
            company_id=self.company.id,
            company_ids=self.company.ids,
        )
        invoice = self.init_invoice("out_invoice", amounts=[100.0])
        invoice.with_user(clerk).with_context(
            default_shadow=True, default_work_status="done", default_external_ref="leak"
        ).action_post()
        event = self._events()
        self.assertEqual(event.initiated_by_id, clerk)
        self.assertEqual(
            (event.shadow, event.work_status, event.external_ref), (False, "ready", False)
        )

    def test_opened_exception_is_told_unless_about_telling(self):
        invoice = self._post_invoice()
        event = self._events()
        self.env["finance.exception"]._open(
            "route_missing", "Nobody carries this.", company=self.company, record=invoice
        )
        [told] = self._events("exception.opened")
        self.assertEqual(json.loads(told._content())["data"]["code"], "route_missing")
        event._open_exception("http_404", "The warehouse is not there.", kind="technical")
        self.assertEqual(len(self._events("exception.opened")), 1)

    # === DELIVERY === #

    def _send(self, receiver, event=None):
        event = event or self._events()
        with patch.object(type(self.connection), "_http_client", lambda _connection: receiver):
            return self.env["finance.adapter.webhook"]._send(event, event._content())

    def test_delivery_is_signed_and_keeps_its_id(self):
        self._post_invoice()
        receiver = _Receiver()
        outcome = self._send(receiver)
        self._send(receiver)
        self.assertTrue(outcome["acknowledged"])
        [(path, headers, body), (_path, repeated, _body)] = receiver.sent
        self.assertEqual(path, self.connection.endpoint)
        verified = verify_webhook([self.secret], headers, body, datetime.now(UTC))
        self.assertEqual(repeated["webhook-id"], verified.message_id)

    def test_both_secrets_sign_during_rotation(self):
        successor = generate_secret()
        self.env["finance.credential"].create(
            {
                "name": "Successor",
                "connection_id": self.connection.id,
                "kind": "signing_secret",
                "secret": successor,
                "valid_from": "2020-06-01",
            }
        )
        self._post_invoice()
        receiver = _Receiver()
        self._send(receiver)
        [(_path, headers, body)] = receiver.sent
        for secret in (self.secret, successor):
            verify_webhook([secret], headers, body, datetime.now(UTC))

    def test_busy_receiver_says_when(self):
        self._post_invoice()
        with self.assertRaises(RetryableError) as caught:
            self._send(_Receiver(429, {"Retry-After": "120"}))
        self.assertEqual(caught.exception.retry_after, 120)

    def test_receiver_that_is_gone_is_final(self):
        self._post_invoice()
        with self.assertRaises(FinalError) as caught:
            self._send(_Receiver(410))
        self.assertEqual(caught.exception.code, "subscriber_gone")

    def test_gone_switches_the_subscription_off_and_keeps_what_waits(self):
        self._post_invoice()
        event = self._events()._engine()
        event._set_status("running")
        attempt = event._start_attempt("send", "sending")
        event._record_send_failure(attempt, FinalError("It takes no more.", code="subscriber_gone"))
        self.assertFalse(self.subscription.active)
        self.assertEqual(self.interface.mode, "off")
        self.assertEqual(event.exception_ids.mapped("code"), ["subscriber_gone"])
        self._post_invoice()
        self.assertEqual(len(self._events("invoice.posted")), 1)

    # === RECEPTION === #

    def test_connection_without_secret_refuses_every_webhook(self):
        self.connection.credential_ids.unlink()
        with self.assertRaises(FinalError) as caught:
            self.connection._adapter()._verify_webhook(self.connection, {}, b"{}")
        self.assertEqual(caught.exception.code, "signature_invalid")
