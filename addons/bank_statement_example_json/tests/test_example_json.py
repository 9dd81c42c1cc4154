import json
from datetime import timedelta
from unittest.mock import patch

from requests.structures import CaseInsensitiveDict

from odoo import fields
from odoo.tests import tagged

from odoo.addons.bank_statement_api.tests.common import IBAN, StatementCase
from odoo.addons.finance_connector_base.tools.http_client import HttpClient, HttpResponse


@tagged("post_install", "-at_install")
class TestExampleJson(StatementCase):
    """From the bank's answer to booked lines, and from its refusal to a feed that keeps its place."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bank = cls.make_connection(
            "example_json", endpoint="https://bank.example", environment="test"
        )
        cls.env["finance.credential"].create(
            {
                "name": "Key",
                "connection_id": cls.bank.id,
                "kind": "api_key",
                "secret": "the-key-of-the-test",
            }
        )
        cls.feed = cls.env["bank.statement.feed"].create(
            {
                "name": "Main account",
                "interface_id": cls.make_interface("bank_statement", cls.bank).id,
                "journal_id": cls.journal.id,
                "resource_ref": "a/1",
                "history_days": 2,
                "overlap_days": 1,
            }
        )
        cls.today = fields.Date.context_today(cls.feed)

    def statement(self, days_ago, amount, opening):
        day = (self.today - timedelta(days=days_ago)).isoformat()

        def balance(code, value):
            return {"type": code, "amount": f"{value}.00", "currency": "EUR", "date": day}

        return {
            "schema_version": 1,
            "account": {"iban": IBAN, "currency": "EUR"},
            "statement_id": day,
            "opening": balance("OPBD", opening),
            "closing": balance("CLBD", opening + amount),
            "balances": [balance("OPBD", opening), balance("CLBD", opening + amount)],
            "transactions": [
                {
                    "amount": f"{amount}.00",
                    "currency": "EUR",
                    "status": "booked",
                    "booking_date": day,
                    "account_servicer_ref": f"R{day}",
                }
            ],
        }

    def fetch(self, answer, status=200):
        """Fetch and process, with the bank answering.

        :return: the requests that it saw: path and token
        """
        seen = []

        def request(_client, method, path, *, idempotent, headers=None, **_content):
            seen.append((path, headers["Authorization"]))
            return HttpResponse(
                status=status,
                headers=CaseInsensitiveDict(),
                body=json.dumps(answer).encode(),
                elapsed=0.1,
                method=method,
                url=path,
                idempotent=idempotent,
            )

        with patch.object(HttpClient, "request", request):
            self.feed._job_fetch()
        for exchange in self.env["finance.exchange"].search(
            [("interface_id", "=", self.feed.interface_id.id), ("work_status", "=", "ready")]
        ):
            exchange._job_process()
        return seen

    def test_statements_are_booked_once_however_often_they_are_read(self):
        first, second = self.statement(2, 5, 100), self.statement(1, -2, 105)
        [(path, token)] = self.fetch([first])
        self.assertTrue(path.startswith("accounts/a%2F1/statements?from="))
        self.assertEqual(token, "Bearer the-key-of-the-test")
        self.fetch([first, second])
        self.assertEqual(self.lines().mapped("amount"), [5.0, -2.0])
        self.assertEqual(self.feed.covered_until, self.today - timedelta(days=1))
        self.assertFalse(self.env["finance.exception"].search([("exchange_id", "!=", False)]))

    def test_error_is_never_an_empty_answer(self):
        # What would be booked with another status, and what is no answer whatever its status.
        statements = [self.statement(2, 5, 100)]
        for answer, status in ((statements, 503), (statements, 403), ({}, 200)):
            with self.subTest(status=status, answer=answer):
                self.fetch(answer, status)
                self.assertFalse(self.feed.covered_until)
                self.assertTrue(self.feed.last_error)
