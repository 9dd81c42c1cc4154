from datetime import timedelta
from unittest.mock import patch

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged

from odoo.addons.finance_connector_base.tests.vault_common import VaultCase
from odoo.addons.finance_connector_base.tools.errors import FinalError
from odoo.addons.finance_connector_base.tools.oauth2 import Token
from odoo.addons.finance_connector_base.tools.vault import TamperedValueError

SECRET = "correct-horse-battery-staple-4711"


class CredentialCase(VaultCase):
    def make_credential(self, **values):
        return (
            self.env["finance.credential"]
            .with_user(self.manager)
            .create(
                {
                    "name": "Key",
                    "connection_id": self.connection.id,
                    "kind": "api_key",
                    "secret": SECRET,
                    **values,
                }
            )
        )

    def actions(self, record):
        return self.env["finance.audit.event"].search(
            [("res_model", "=", record._name), ("res_id", "=", record.id)], order="id"
        )


@tagged("post_install", "-at_install")
class TestDestination(CredentialCase):
    """A secret is sent only where its connection led to when it was entered."""

    def setUp(self):
        super().setUp()
        self.connection.token_url = "https://login.bank.example/token"

    def assert_kept_back(self, kind="api_key"):
        self.assertFalse(self.connection._secrets(kind))
        with self.assertRaises(FinalError) as caught:
            self.connection._secret(kind)
        self.assertEqual(caught.exception.code, "credential_disarmed")

    def test_secret_is_kept_back_from_another_place_until_it_is_entered_again(self):
        credential = self.make_credential()
        for changed in (
            {"endpoint": "https://evil.example"},
            {"endpoint": "https://bank.example:8443"},
            {"endpoint": "http://bank.example"},
            {"endpoint": False},
            {"token_url": "https://login.bank.example.evil.example/token"},
            {"adapter": "dummy"},
        ):
            with self.subTest(changed=changed), self.env.cr.savepoint() as savepoint:
                self.connection.with_user(self.manager).write(changed)
                self.assert_kept_back()
                self.assertEqual(credential.state, "disarmed")
                self.assertEqual(self.actions(credential)[-1:].action, "credential.disarmed")
                self.assertEqual(self.actions(credential)[-1:].user_id, self.manager.id)
                credential.secret = SECRET
                self.assertEqual(self.connection._secret("api_key"), SECRET)
                savepoint.rollback()

    def test_another_path_of_the_place_and_the_way_back_are_no_other_place(self):
        credential = self.make_credential()
        connection = self.connection.with_user(self.manager)
        connection.endpoint = "https://BANK.example:443/v2?x=1"
        self.assertEqual(self.connection._secret("api_key"), SECRET)
        connection.endpoint = "https://evil.example"
        self.assert_kept_back()
        connection.endpoint = "https://bank.example/"
        self.assertEqual(self.connection._secret("api_key"), SECRET)
        self.assertEqual(credential.state, "valid")

    def test_nobody_binds_a_secret_to_a_place_by_hand(self):
        credential = self.make_credential(bound_to="webhook https://evil.example ")
        self.assertNotIn("evil", credential.bound_to)
        for user in (self.manager, self.env.ref("base.user_root")):
            with self.assertRaises(AccessError):
                credential.with_user(user).bound_to = "webhook https://evil.example "
            # A grant said to be newer than it is would be used in place of the token that replaced it.
            with self.assertRaises(AccessError):
                credential.with_user(user).changed_at = "2099-01-01"
        # A renamed credential is not entered anew.
        self.connection.endpoint = "https://evil.example"
        credential.name = "Renamed"
        self.assert_kept_back()
        self.make_credential(secret=False).with_context(default_bound_to="x").name = "Y"
        self.assert_kept_back()

    def test_kept_access_token_does_not_go_elsewhere_either(self):
        now = fields.Datetime.now()
        token = Token("access", None, now + timedelta(hours=1))
        self.connection._store_token(token, now)
        self.assertEqual(self.connection._access_token(), "access")
        self.connection.endpoint = "https://evil.example"
        self.assertIsNone(self.connection._stored_token())

    def test_what_only_signs_stays_in_force(self):
        self.make_credential(kind="signing_secret")
        self.connection.endpoint = "https://new.example"
        self.assertEqual(self.connection._secrets("signing_secret"), [SECRET])


@tagged("post_install", "-at_install")
class TestCredential(CredentialCase):
    def test_secret_is_written_and_never_read_back(self):
        credential = self.make_credential()
        for user in (self.manager, self.env.ref("base.user_admin"), self.env.ref("base.user_root")):
            record = credential.with_user(user)
            answers = [
                record.secret,
                record.read(),
                record.read(["secret"]),
                record.web_read({name: {} for name in record.fields_get()}),
                record.web_save({"name": "Renamed"}, {"name": {}, "secret": {}}),
                record.web_save({"secret": SECRET}, {"name": {}, "secret": {}}),
                record.browse().web_save(
                    {
                        "name": "New",
                        "connection_id": self.connection.id,
                        "kind": "basic",
                        "secret": SECRET,
                    },
                    {"name": {}, "secret": {}},
                ),
                record.export_data(["name", "secret"]),
                record.copy_data(),
                record.default_get(list(record.fields_get())),
                record.name_search(SECRET),
                record.onchange({"name": "x"}, ["name"], {name: {} for name in ("name", "secret")}),
                record.search_read([]),
                record.message_ids.mapped("body"),
                record.sudo().message_ids.tracking_value_ids.mapped("new_value_char"),
                self.env["finance.audit.event"].search([]).mapped("details"),
                self.env["finance.audit.event"].search([]).mapped("summary"),
            ]
            self.assertNotIn(SECRET, repr(answers))
            for attempt in (
                lambda record=record: record.search([("secret", "=", SECRET)]),
                lambda record=record: record.formatted_read_group([], ["secret"], ["__count"]),
                lambda record=record: record.read(["ciphertext"]),
                lambda record=record: record.search([("ciphertext", "!=", False)]),
            ):
                self.assert_refused(attempt)
        self.assertEqual(credential.sudo()._reveal(), SECRET)

    def test_secret_does_not_go_without_a_trace(self):
        credential = self.make_credential()
        with self.assertRaises(AccessError):
            credential.write({"key_id": False})
        with self.assertRaises(AccessError):
            self.make_credential(key_id="k")
        bare = credential.with_context(default_key_id="k").create(
            {"name": "Key", "connection_id": self.connection.id, "kind": "api_key"}
        )
        self.assertEqual((credential.is_set, bare.is_set), (True, False))

    def test_copy_takes_no_secret_along(self):
        copy = self.make_credential().copy()
        self.assertFalse(copy.is_set)
        with self.assertRaises(FinalError) as caught:
            copy.sudo()._reveal()
        self.assertEqual(caught.exception.code, "credential_missing")

    def test_form_saves_a_secret_and_shows_none(self):
        with Form(self.env["finance.credential"].with_user(self.manager)) as form:
            form.name = "Key"
            form.connection_id = self.connection
            form.kind = "api_key"
            form.secret = SECRET
        self.assertFalse(form.secret)
        self.assertTrue(form.record.is_set)
        with Form(form.record) as form:
            form.name = "Renamed"
        self.assertEqual(form.record.sudo()._reveal(), SECRET)

    def test_ciphertext_swapped_between_rows_is_refused(self):
        first, second = self.make_credential(secret="one"), self.make_credential(secret="two")
        self.set_ciphertext(first, self.ciphertext(second))
        with self.assertRaises(TamperedValueError):
            first.sudo()._reveal()

    def test_audit_says_who_created_changed_revealed_and_removed(self):
        credential = self.make_credential()
        credential.secret = "another-secret-value"
        credential.with_user(self.env.ref("base.user_admin")).sudo()._reveal()
        events = self.actions(credential)
        credential.unlink()
        removed = self.env["finance.audit.event"].search(
            [("action", "=", "credential.removed")], limit=1
        )
        self.assertEqual(
            [(event.action, event.user_login) for event in events + removed],
            [
                ("credential.created", "vault_manager"),
                ("credential.changed", "vault_manager"),
                ("credential.revealed", "admin"),
                ("credential.removed", "vault_manager"),
            ],
        )

    def test_other_company_and_lesser_users_see_no_credential(self):
        credential = self.make_credential()
        stranger = new_test_user(
            self.env,
            "vault_stranger",
            groups="finance_connector_base.group_finance_manager",
            company_id=self.env["res.company"].create({"name": "Other"}).id,
        )
        operator = new_test_user(
            self.env, "vault_operator", groups="finance_connector_base.group_finance_operator"
        )
        self.assertFalse(credential.with_user(stranger).search([("id", "=", credential.id)]))
        for user in (stranger, operator, self.viewer):
            for attempt in (
                lambda record: record.read(["name"]),
                lambda record: record.write({"secret": "x"}),
                lambda record: record.unlink(),
            ):
                with self.assertRaises(AccessError):
                    attempt(credential.with_user(user))

    def test_secret_stays_with_its_connection(self):
        credential = self.make_credential()
        other = self.connection.copy()
        for vals in ({"connection_id": other.id}, {"kind": "basic"}):
            with self.assertRaises(UserError):
                credential.write(vals)
        credential.write({"connection_id": self.connection.id, "kind": "api_key", "name": "Same"})

    def test_secret_of_a_connection_is_the_newest_valid_one(self):
        now = fields.Datetime.now()
        self.make_credential(secret="old", valid_from=now - timedelta(days=20))
        self.make_credential(secret="new", valid_from=now - timedelta(days=2))
        self.make_credential(secret="future", valid_from=now + timedelta(days=2))
        self.make_credential(
            secret="expired",
            valid_from=now - timedelta(days=9),
            valid_until=now - timedelta(days=1),
        )
        self.make_credential(secret="foreign", connection_id=self.connection.copy().id)
        connection = self.connection.with_user(self.viewer)
        self.assertEqual(connection._secret("api_key"), "new")
        self.assertEqual(connection._secrets("api_key"), ["new", "old"])
        self.assertIsNone(connection._secret("basic", required=False))
        with self.assertRaises(FinalError) as caught:
            connection._secret("basic")
        self.assertEqual(caught.exception.code, "credential_missing")

    def test_certificate_says_itself_how_long_it_is_valid(self):
        begin = fields.Datetime.now().replace(microsecond=0) - timedelta(days=1)
        end = begin + timedelta(days=20)
        credential = self.make_credential(kind="certificate", secret=self._certificate(begin, end))
        self.assertEqual((credential.valid_from, credential.valid_until), (begin, end))
        self.assertEqual(credential.state, "expiring")
        with self.assertRaises(ValidationError):
            self.make_credential(kind="certificate", secret="no certificate")

    def _certificate(self, begin, end):
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bank.example")])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(begin)
            .not_valid_after(end)
            .sign(key, hashes.SHA256())
        )
        return certificate.public_bytes(serialization.Encoding.PEM).decode()


@tagged("post_install", "-at_install")
class TestCredentialExpiry(CredentialCase):
    def setUp(self):
        super().setUp()
        self.startPatcher(patch.object(self.env.registry["finance.exchange"], "_checkpoint"))

    def warn(self):
        self.env["finance.credential"]._cron_warn_expiry()

    def test_owner_is_warned_once_at_each_threshold(self):
        now = fields.Datetime.now()
        credential = self.make_credential()
        warnings = []
        for days in (40, 29, 28, 13, 6, 6, 0.5):
            credential.valid_until = now + timedelta(days=days)
            warned_before = credential.warned_days
            self.warn()
            self.warn()
            warnings.append((credential.warned_days, len(credential.activity_ids)))
            self.assertFalse(warned_before)
        self.assertEqual(warnings, [(0, 0), (30, 1), (30, 1), (14, 1), (7, 1), (7, 1), (1, 1)])
        self.assertEqual(credential.activity_ids.user_id, self.manager)

    def test_warning_is_not_repeated_while_the_threshold_stays(self):
        credential = self.make_credential(valid_until=fields.Datetime.now() + timedelta(days=29))
        self.warn()
        first = credential.activity_ids
        self.warn()
        self.assertEqual(credential.activity_ids, first)
        first.action_feedback()
        self.warn()
        self.assertFalse(credential.activity_ids)

    def test_successor_or_access_token_needs_no_warning(self):
        soon = fields.Datetime.now() + timedelta(days=5)
        replaced = self.make_credential(valid_until=soon)
        self.make_credential(valid_until=soon + timedelta(days=365))
        token = self.make_credential(kind="oauth2_token", valid_until=soon)
        self.warn()
        self.assertFalse((replaced + token).activity_ids)
