from datetime import UTC
from unittest.mock import patch

import jwt

from odoo.tests import tagged

from odoo.addons.bank_statement_api.adapters import ibanity, isabel, plaid
from odoo.addons.finance_connector_base.tools.errors import BusinessError, FinalError, FinanceError
from odoo.addons.finance_connector_base.tools.signatures import SignatureError

from .adapter_case import NOW, AdapterCase

ADAPTERS = ("nextgenpsd2", "gocardless", "plaid", "ponto", "isabel")
EMPTY = {
    "transactions": {"booked": []},
    "data": [],
    "added": [],
    "meta": {"paging": {"offset": 0, "total": 0}},
}
"""What any of them might be taken for an empty answer of."""


@tagged("post_install", "-at_install")
class TestAdapters(AdapterCase):
    """What a bank's interface must not make us believe: no error is an answer, no list without an end is whole."""

    def test_no_error_is_an_answer(self):
        for code in ADAPTERS:
            connection = self.make_feed(code).connection_id
            adapter = self.env[f"finance.adapter.{code}"]
            for status in (302, 400, 401, 403, 404, 409, 410, 429, 500, 503):
                with (
                    self.subTest(code, status=status),
                    self.answering(lambda *asked, status=status: (status, EMPTY)),
                    self.assertRaises(FinanceError) as raised,
                ):
                    # Not counted: the limits of the connection are not what refuses it here.
                    adapter._call(connection, "GET", "x", scope="x", counted=False)
                self.assertIn(str(status), raised.exception.code)

    def test_end_of_a_consent_is_told_from_other_errors_and_renews_no_token(self):
        def told(code):
            return {"tppMessages": [{"code": code}]}

        for code, status, body, meaning, calls in (
            ("nextgenpsd2", 401, told("CONSENT_EXPIRED"), "consent_expired", 1),
            ("nextgenpsd2", 403, told("CONSENT_INVALID"), "consent_invalid", 1),
            ("nextgenpsd2", 401, told("TOKEN_EXPIRED"), None, 2),
            ("nextgenpsd2", 401, b"<html>", None, 1),
            ("gocardless", 401, {"summary": "End User Agreement (EUA) x"}, "consent_expired", 1),
            ("gocardless", 409, {"detail": "Account access suspended"}, "consent_invalid", 1),
            ("gocardless", 401, {"summary": "Invalid token"}, None, 2),
            ("ponto", 403, {"errors": [{"code": "authorizationExpired"}]}, "consent_expired", 1),
            ("isabel", 403, {"errors": [{"code": "accessRevoked"}]}, "consent_invalid", 1),
            ("ponto", 401, {"errors": [{"code": "invalidToken"}]}, None, 2),
            ("plaid", 400, {"error_code": "ITEM_LOGIN_REQUIRED"}, "consent_expired", 1),
            ("plaid", 400, {"error_code": "USER_PERMISSION_REVOKED"}, "consent_invalid", 1),
            ("plaid", 400, {"error_code": "INVALID_FIELD"}, None, 1),
        ):
            connection = self.make_feed(code).connection_id
            with (
                self.subTest(code, body=body),
                self.answering(lambda *asked, answer=(status, body): answer) as asked,
            ):
                with self.assertRaises(FinanceError) as raised:
                    self.env[f"finance.adapter.{code}"]._call(
                        connection, "GET", "x", scope="x", counted=False
                    )
                if meaning:
                    self.assertEqual(raised.exception.code, meaning)
                else:
                    self.assertNotIsInstance(raised.exception, BusinessError)
                self.assertEqual(len(asked), calls)
                if calls == 2:
                    tokens = [token for _method, _path, token in asked]
                    self.assertEqual(tokens, ["Bearer first+", "Bearer first++"])

    def test_refused_login_and_unknown_bank_are_told_in_words(self):
        consent = self.make_feed("gocardless").consent_id
        consent.holder_ref = "NOBANK"
        with (
            self.answering(lambda *asked: (404, {"detail": "Not found."})),
            self.assertRaisesRegex(FinalError, "knows no institution NOBANK"),
        ):
            consent.with_user(self.manager).action_request()
        connection = self.make_feed("plaid", resource_ref="other").connection_id
        with (
            self.answering(lambda *asked: (400, {"error_code": "INVALID_API_KEYS"})),
            self.assertRaisesRegex(FinalError, "does not accept the client id and secret"),
        ):
            connection._adapter()._test_connection(connection)

    def test_list_without_an_end_is_never_taken_for_whole(self):
        received = {"receivedAt": NOW.isoformat() + "Z", "fileName": "a.cod"}
        endless = {
            "nextgenpsd2": lambda path: {
                "balances": [],
                "transactions": {"booked": [], "_links": {"next": {"href": "v1/same"}}},
            },
            "plaid": lambda path: self.plaid_page(has_more=True),
            "ponto": lambda path: (
                self.ponto_account()
                if path == "accounts/acc"
                else {"data": [], "links": {"next": "same"}}
            ),
            "isabel": lambda path: {
                "data": [{"id": f"r{path}", "attributes": received}],
                "meta": {"paging": {"offset": 0, "total": 10**9}},
            },
        }
        for code, page in endless.items():
            values = {"kind": "files", "journal_id": False} if code == "isabel" else {}
            feed = self.make_feed(code, **values)
            with (
                self.subTest(code),
                patch.object(isabel, "MAX_PAGES", 3),
                self.answering(lambda method, path, _values, page=page: (200, page(path))),
            ):
                feed._job_fetch()
                self.assert_nothing(feed, "do not come to an end")

    def test_access_is_asked_for_with_a_certificate_only_and_given_with_a_code(self):
        for code in ("ponto", "isabel"):
            consent = self.make_feed(code, resource_ref=False).consent_id
            with self.subTest(code), self.assertRaises(FinalError) as refused:
                consent.with_user(self.manager).action_request()
            self.assertEqual(refused.exception.code, "credential_missing")
            adapter = self.env[f"finance.adapter.{code}"]
            answer = adapter._complete_consent(consent, "grant:1", {"state": "s"}, "https://x")
            self.assertEqual(answer, {"state": "received"})

    def test_webhook_that_is_not_proven_is_refused(self):
        token = jwt.encode({"iat": NOW.replace(tzinfo=UTC)}, "s" * 64, "HS256", {"kid": "k1"})
        known = {"kid": "k1", "kty": "oct", "k": "c3M"}
        for module, code, header, key in (
            (plaid, "plaid", "Plaid-Verification", None),
            (plaid, "plaid", "Plaid-Verification", {**known, "expired_at": 1}),
            (plaid, "plaid", "Plaid-Verification", known),
            (ibanity, "ponto", "Signature", None),
            (ibanity, "ponto", "Signature", known),
        ):
            connection = self.make_connection(
                code, endpoint="https://bank.example", client_id="c", webhook_audience="us"
            )
            adapter = self.env[f"finance.adapter.{code}"]
            for headers in ({header: token}, {}):
                with (
                    self.subTest(code, key=key, headers=headers),
                    patch.object(module._keys, "get", lambda *args, key=key: key),
                    self.assertRaises(SignatureError),
                ):
                    adapter._verify_webhook(connection, headers, b"{}")

    def test_webhook_of_a_withdrawn_key_is_refused_however_well_it_is_signed(self):
        connection = self.make_connection("plaid", endpoint="https://bank.example", client_id="c")
        headers = {"Plaid-Verification": jwt.encode({}, "s" * 64, "HS256", {"kid": "k1"})}
        adapter = self.env["finance.adapter.plaid"]
        key = {"kid": "k1"}
        with (
            patch.object(plaid.jwt_webhooks, "verify"),
            patch.object(plaid._keys, "get", lambda *args: key),
        ):
            self.assertTrue(adapter._verify_webhook(connection, headers, b"{}"))
            key["expired_at"] = 1
            with self.assertRaises(SignatureError):
                adapter._verify_webhook(connection, headers, b"{}")

    def test_webhook_has_to_be_for_us(self):
        connection = self.make_connection("ponto", endpoint="https://bank.example", client_id="c")
        token = jwt.encode({}, "s" * 64, "HS256", {"kid": "k1"})
        with (
            patch.object(ibanity.jwt_webhooks, "verify"),
            patch.object(ibanity._keys, "get", lambda *args: {"kid": "k1"}),
        ):
            adapter = self.env["finance.adapter.ponto"]
            with self.assertRaises(SignatureError):
                adapter._verify_webhook(connection, {"Signature": token}, b"{}")
            connection.webhook_audience = "us"
            body = b'{"data": {"id": "e1"}}'
            self.assertEqual(adapter._verify_webhook(connection, {"Signature": token}, body), "e1")
