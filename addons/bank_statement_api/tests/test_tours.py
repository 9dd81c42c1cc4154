import base64

from odoo.tests import HttpCase, tagged

from odoo.addons.bank_statement_api.tests.common import StatementCase


@tagged("post_install", "-at_install")
class TestTours(StatementCase, HttpCase):
    """The daily jobs of an operator in the browser, where any error on the console fails."""

    def test_operator_uploads_statement(self):
        content = self.file(("12.50", "Paid"))
        self.env["ir.attachment"].create(
            {
                "name": "statement.xml",
                "url": "/finance_tour/statement.xml",
                "type": "binary",
                "public": True,
                "mimetype": "application/octet-stream",
                "datas": base64.b64encode(content),
            }
        )
        self.start_tour("/odoo/finance", "bank_statement_upload", login=self.operator.login)
        exchange = self.env["finance.exchange"].search([("source", "=", "upload")])
        self.assertEqual(exchange._content(), content)
        exchange._job_process()
        self.assertEqual(self.lines().mapped("payment_ref"), ["Paid"])

    def test_operator_retries_exchange(self):
        exchange = self.bring(b"<Document")
        self.assertEqual(exchange.work_status, "exception")
        self.start_tour("/odoo/finance", "finance_exchange_retry", login=self.operator.login)
        self.assertEqual(exchange.work_status, "ready")
        self.assertIn("exchange.retried", self.actions_of(exchange))

    def test_operator_reviews_line(self):
        invoice = self.make_invoice(100.0)
        self.bring(self.file(("98.00", invoice.name)))
        self.match()
        self.start_tour("/odoo/finance", "bank_statement_review", login=self.operator.login)
