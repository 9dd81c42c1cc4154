import json
from contextlib import ExitStack, contextmanager, nullcontext
from datetime import datetime
from types import SimpleNamespace
from unittest.mock import patch

from freezegun import freeze_time
from requests.structures import CaseInsensitiveDict

from odoo.addons.finance_connector_base.tools.http_client import HttpResponse

from .common import StatementCase

NOW = datetime(2026, 3, 4, 9, 0)


class AdapterCase(StatementCase):
    """Feeds of every adapter, and the other side as the one client of HTTP meets it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time(NOW))

    @contextmanager
    def answering(self, answer):
        """The other side, as the one client of HTTP meets it.

        :param answer: ``answer(method, path, values)`` returns a status and a body, or a document
        :return: what it is asked, in order: method, path and token
        """
        asked = []

        def request(method, path, *, idempotent, headers=None, **content):
            asked.append((method, path, (headers or {}).get("Authorization")))
            status, body = answer(method, path, content.get("json") or {})
            if not isinstance(body, bytes):
                body = json.dumps(body).encode()
            return HttpResponse(status, CaseInsensitiveDict(), body, 0.0, method, path, idempotent)

        connection_class = self.registry["finance.connection"]
        client = nullcontext(SimpleNamespace(request=request))
        with ExitStack() as stack:
            for name, method in (
                ("_http_client", lambda connection: client),
                ("_access_token", lambda connection, force=False: f"{force or 'first'}+"),
            ):
                stack.enter_context(patch.object(connection_class, name, method))
            yield asked

    def make_feed(self, adapter, **values):
        """A feed of an adapter, whose consent is given."""
        connection = self.make_connection(
            adapter, endpoint="https://bank.example/api", client_id="client"
        )
        self.env["finance.credential"].create(
            {
                "name": "Secret",
                "connection_id": connection.id,
                "kind": "client_secret",
                "secret": "secret",
            }
        )
        consent = self.env["bank.statement.consent"].create(
            {"name": adapter, "connection_id": connection.id, "company_id": self.company_a.id}
        )
        consent.sudo().write({"state": "valid", "external_ref": "c1"})
        consent._store_token("token")
        return self.env["bank.statement.feed"].create(
            {
                "name": adapter,
                "interface_id": self.make_interface("bank_statement", connection).id,
                "journal_id": self.journal.id,
                "resource_ref": "acc",
                "consent_id": consent.id,
                "history_days": 10,
                **values,
            }
        )

    def exchanges(self, feed):
        return self.env["finance.exchange"].search(
            [("interface_id", "=", feed.interface_id.id)], order="id"
        )

    def assert_nothing(self, feed, word):
        """Nothing was concluded, the place was kept, and the reason is told."""
        self.assertIn(word, feed.last_error or "")
        self.assertFalse(self.exchanges(feed))
        self.assertEqual((feed.covered_until, feed.sync_cursor), (False, False))

    def plaid_page(self, added=(), **values):
        return {
            "item": {},
            "status": {"transactions": {"last_successful_update": NOW.isoformat() + "Z"}},
            "added": [
                {
                    "transaction_id": name,
                    "account_id": "acc",
                    "amount": 1,
                    "iso_currency_code": "EUR",
                    "date": "2026-03-03",
                    "pending": False,
                    "name": name,
                }
                for name in added
            ],
            "modified": [],
            "removed": [],
            "next_cursor": "c",
            "has_more": False,
            **values,
        }

    def ponto_account(self, *, synchronization="s1", status="success", reached=NOW, **values):
        return {
            "data": {
                "id": "acc",
                "attributes": {"reference": "DE1", "currency": "EUR", **values},
                "meta": {
                    "synchronizedAt": reached.isoformat() + "Z",
                    "latestSynchronization": {
                        "id": synchronization,
                        "attributes": {"status": status},
                    },
                },
            }
        }
