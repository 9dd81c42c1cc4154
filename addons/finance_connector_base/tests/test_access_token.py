import json
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from odoo.addons.finance_connector_base.models.finance_connection import FinanceConnection
from odoo.addons.finance_connector_base.tests.vault_common import VaultCase
from odoo.addons.finance_connector_base.tools.errors import BusinessError, FinalError
from odoo.addons.finance_connector_base.tools.http_client import HttpResponse


class TokenServer:
    """Issues numbered tokens over the signature of ``HttpClient.request``."""

    def __init__(self):
        self.asked = []
        self.refuse = None

    def request(self, method, path, *, idempotent, headers=None, form=None, **_options):
        self.asked.append(form["grant_type"])
        self.form = form
        if self.refuse == form["grant_type"]:
            status, body = 400, {"error": "invalid_grant"}
        else:
            number = len(self.asked)
            status = 200
            body = {
                "access_token": f"access-{number}",
                "refresh_token": f"refresh-{number}",
                "token_type": "Bearer",
                "expires_in": 3600,
            }
        return HttpResponse(status, {}, json.dumps(body).encode(), 0.0, method, path, idempotent)

    def client(self):
        @contextmanager
        def http_client(connection, endpoint=None, **options):
            yield self

        return http_client


@tagged("post_install", "-at_install")
class TestAccessToken(VaultCase):
    """One token for all workers, renewed ahead of its end."""

    def setUp(self):
        super().setUp()
        self.connection.write({"token_url": "https://bank.example/token", "client_id": "us"})
        self.make_secret("client_secret", "client-secret-value")
        self.server = TokenServer()
        self.startPatcher(patch.object(FinanceConnection, "_http_client", self.server.client()))
        self.enterContext(self.enter_registry_test_mode())

    def make_secret(self, kind, secret):
        return self.env["finance.credential"].create(
            {"name": kind, "connection_id": self.connection.id, "kind": kind, "secret": secret}
        )

    def token_row(self):
        self.env.invalidate_all()
        return self.env["finance.credential"].search([("kind", "=", "oauth2_token")])

    def end_in(self, seconds):
        """Let the stored token end in so many seconds."""
        credential = self.token_row()
        stored = json.loads(credential._unseal())
        stored["expires_at"] = (fields.Datetime.now() + timedelta(seconds=seconds)).isoformat()
        credential._seal(json.dumps(stored).encode())

    def test_token_is_fetched_once_and_kept_encrypted(self):
        self.assertEqual(self.connection._access_token(), "access-1")
        self.env.invalidate_all()
        self.assertEqual(self.connection._access_token(), "access-1")
        self.assertEqual(self.server.asked, ["client_credentials"])
        self.assertNotIn(b"access-1", self.ciphertext(self.token_row()))
        self.assertFalse(self.token_row().secret)

    def test_token_is_renewed_120_seconds_ahead_with_its_rotated_refresh_token(self):
        self.connection._access_token()
        self.end_in(125)
        self.assertEqual(self.connection._access_token(), "access-1")
        self.end_in(115)
        self.assertEqual(self.connection._access_token(), "access-2")
        self.assertEqual(self.server.form["refresh_token"], "refresh-1")
        self.end_in(0)
        self.connection._access_token()
        self.assertEqual(self.server.form["refresh_token"], "refresh-2")
        self.assertEqual(
            self.server.asked, ["client_credentials", "refresh_token", "refresh_token"]
        )
        self.assertEqual(len(self.token_row()), 1)

    def test_refused_token_is_renewed_once_for_all_who_saw_it_refused(self):
        refused = self.connection._access_token()
        self.assertEqual(self.connection._access_token(force=refused), "access-2")
        self.assertEqual(self.connection._access_token(force=refused), "access-2")
        self.assertEqual(self.connection._access_token(force=True), "access-3")

    def test_withdrawn_grant_of_a_person_is_a_business_case(self):
        self.make_secret("refresh_token", "granted")
        self.server.refuse = "refresh_token"
        with self.assertRaises(BusinessError) as caught:
            self.connection._access_token()
        self.assertEqual(caught.exception.code, "consent_expired")
        self.assertEqual(self.server.form["refresh_token"], "granted")

    def test_access_that_a_person_gives_is_not_replaced_by_our_own(self):
        self.connection.authorization_url = "https://bank.example/authorize"
        with self.assertRaises(BusinessError) as caught:
            self.connection._access_token()
        self.assertEqual((caught.exception.code, self.server.asked), ("consent_expired", []))
        address = self.connection._authorization_address("https://odoo.example/back", "S1")
        self.assertIn("state=S1", address)
        self.connection._redeem_code("C", "https://odoo.example/back", "S1")
        self.assertEqual(self.connection._access_token(), "access-1")
        self.end_in(0)
        self.assertEqual(self.connection._access_token(), "access-2")
        self.server.refuse = "refresh_token"
        self.end_in(0)
        with self.assertRaises(BusinessError):
            self.connection._access_token()
        self.assertNotIn("client_credentials", self.server.asked)

    def test_new_grant_of_a_person_wins_over_the_stored_one(self):
        grant = self.make_secret("refresh_token", "granted")
        self.connection._access_token()
        self.end_in(0)
        self.connection._access_token()
        self.assertEqual(self.server.form["refresh_token"], "refresh-1")
        self.end_in(0)
        grant.secret = "granted again"
        # Nobody writes the time by hand, and a test is over within a second.
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE finance_credential SET changed_at = %s WHERE id = %s",
            [self.token_row().changed_at + timedelta(seconds=1), grant.id],
        )
        grant.invalidate_recordset(["changed_at"])
        self.connection._access_token()
        self.assertEqual(self.server.form["refresh_token"], "granted again")

    def test_lost_refresh_token_of_the_client_itself_needs_no_person(self):
        self.connection._access_token()
        self.end_in(0)
        self.server.refuse = "refresh_token"
        self.assertEqual(self.connection._access_token(), "access-3")
        self.assertEqual(self.server.asked[-2:], ["refresh_token", "client_credentials"])

    def test_connection_without_a_token_address_says_so(self):
        self.connection.token_url = False
        with self.assertRaises(FinalError) as caught:
            self.connection._access_token()
        self.assertEqual(caught.exception.code, "oauth2_not_configured")
