from odoo.tests import tagged

from .gateway_common import GatewayCase


@tagged("post_install", "-at_install")
class TestPaymentTransaction(GatewayCase):
    """Where Odoo's own online payments are installed, theirs and ours are one payment; where not, nothing is missed."""

    def setUp(self):
        super().setUp()
        self.has_transactions = "payment.transaction" in self.env
        self.invoice = self.make_invoice(100)

    def transaction(self, reference):
        provider = self.env["payment.provider"].create(
            {
                "name": "Stripe",
                "code": "none",
                "company_id": self.company_a.id,
                "journal_id": self.gateway.journal_id.id,
            }
        )
        return self.env["payment.transaction"].create(
            {
                "provider_id": provider.id,
                "payment_method_id": self.env.ref("payment.payment_method_unknown").id,
                "reference": reference,
                "provider_reference": reference,
                "amount": 100,
                "currency_id": self.euro.id,
                "partner_id": self.invoice.partner_id.id,
                "operation": "online_direct",
                "invoice_ids": [(6, 0, self.invoice.ids)],
            }
        )

    def payments(self):
        return self.env["account.payment"].search_count(
            [("partner_id", "=", self.invoice.partner_id.id)]
        )

    def test_gateway_first(self):
        if not self.has_transactions:
            self.assertIsNone(self.env["treasury.settlement"]._payment_transaction())
            return
        transaction = self.transaction("pi_ch_1")
        self.tell(self.event("charge.succeeded", self.charge("ch_1", 10000)))
        self.assertEqual(transaction.payment_id, self.settlement("ch_1").payment_id)
        self.assertEqual(self.invoice.payment_state, "in_payment")
        transaction._set_done()
        transaction._post_process()
        self.assertEqual(self.payments(), 1)

    def test_odoo_first(self):
        if not self.has_transactions:
            self.assertIsNone(self.env["treasury.settlement"]._payment_transaction())
            return
        transaction = self.transaction("pi_ch_1")
        transaction._set_done()
        # What its post-processing does, with the method of a provider that is set up.
        line = self.gateway.journal_id.inbound_payment_method_line_ids[:1]
        transaction._create_payment(payment_method_line_id=line.id)
        self.tell(self.event("charge.succeeded", self.charge("ch_1", 10000)))
        self.assertEqual(self.settlement("ch_1").payment_id, transaction.payment_id)
        self.assertEqual(self.payments(), 1)
        self.assertEqual(self.invoice.payment_state, "in_payment")
