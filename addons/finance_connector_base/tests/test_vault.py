from pathlib import Path
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.finance_connector_base.models import finance_encrypted_mixin
from odoo.addons.finance_connector_base.models.finance_environment import FinanceEnvironment
from odoo.addons.finance_connector_base.tests.vault_common import SECRET_IBAN, VaultCase
from odoo.addons.finance_connector_base.tools.errors import BusinessError, FinalError
from odoo.addons.finance_connector_base.tools.settings import Settings
from odoo.addons.finance_connector_base.tools.vault import KeyRing, TamperedValueError


@tagged("post_install", "-at_install")
class TestVault(VaultCase):
    def test_decrypt_with_another_purpose_is_refused(self):
        sealed = self.vault._encrypt(b"secret", "a,1")
        self.assertEqual(self.vault._decrypt(sealed, "a,1"), b"secret")
        with self.assertRaises(TamperedValueError):
            self.vault._decrypt(sealed, "a,2")

    def test_missing_key_ring_stores_nothing_in_clear(self):
        exchange = self.make_exchange()
        with (
            patch.object(FinanceEnvironment, "_settings", lambda self: Settings()),
            patch.dict("os.environ", {"FINANCE_KEYS": ""}),
            self.assertRaises(FinalError) as caught,
            self.env.cr.savepoint(),
        ):
            self.env["finance.exchange.payload"]._store(exchange, "content", b"clear")
        self.assertEqual(caught.exception.code, "vault_key_missing")
        self.assertIn("finance_keys generate", caught.exception.next_step)
        self.assertFalse(exchange.payload_ids.exists())

    def test_key_ring_from_the_environment_serves_without_a_file(self):
        key = Path(self.key_file).read_text().splitlines()[1]
        with (
            patch.object(FinanceEnvironment, "_settings", lambda self: Settings()),
            patch.dict("os.environ", {"FINANCE_KEYS": key}),
        ):
            sealed = self.vault._encrypt(b"x", "a")
        self.assertEqual(self.vault._decrypt(sealed, "a"), b"x")

    def test_new_key_in_the_file_is_used_without_a_restart(self):
        self.assertEqual(self.vault._key_ring().current_key_id, "k1")
        KeyRing.add_key(self.key_file, "k2")
        self.assertEqual(self.vault._key_ring().current_key_id, "k2")


@tagged("post_install", "-at_install")
class TestPayload(VaultCase):
    def test_content_is_stored_encrypted_and_comes_back(self):
        content = f'{{"iban": "{SECRET_IBAN}"}}'.encode()
        payload = self.store(content)
        self.assertEqual(payload._content(), content)
        self.assertEqual(payload.size, len(content))
        self.assertNotIn(SECRET_IBAN.encode(), self.ciphertext(payload))
        self.assertEqual(payload.key_id, "k1")

    def test_large_content_travels_in_pieces(self):
        contents = [bytes(range(256)) * 10, b"another one" * 300]
        largest = []
        execute = type(self.cr).execute

        def measured(cursor, query, params=None, **kwargs):
            values = query.params if isinstance(query, SQL) else params or []
            largest.append(max((len(one) for one in values if isinstance(one, bytes)), default=0))
            return execute(cursor, query, params, **kwargs)

        with (
            patch.object(finance_encrypted_mixin, "PIECE", 100),
            patch.object(type(self.cr), "execute", measured),
        ):
            payloads = [self.store(content, str(key)) for key, content in enumerate(contents)]
            self.assertEqual([payload._content() for payload in payloads], contents)
        self.assertEqual(max(largest), 100)
        self.assertEqual([payload._content() for payload in payloads], contents)

    def test_account_in_a_file_name_is_masked_and_its_ending_kept(self):
        payload = self.env["finance.exchange.payload"]._store(
            self.make_exchange(), "content", b"x", f"camt053_{SECRET_IBAN}_20261120.xml"
        )
        self.assertNotIn(SECRET_IBAN, payload.filename)
        self.assertTrue(payload.filename.endswith("_20261120.xml"), payload.filename)

    def test_content_changed_in_the_database_is_refused(self):
        payload = self.store(b"one")
        value = bytearray(self.ciphertext(payload))
        value[-1] ^= 1
        self.set_ciphertext(payload, bytes(value))
        with self.assertRaises(BusinessError) as caught:
            payload._content()
        self.assertEqual(caught.exception.code, "payload_tampered")

    def test_content_moved_from_another_row_is_refused(self):
        first, second = self.store(b"one", "1"), self.store(b"two", "2")
        self.set_ciphertext(first, self.ciphertext(second))
        with self.assertRaises(BusinessError) as caught:
            first._content()
        self.assertEqual(caught.exception.code, "payload_tampered")

    def test_digest_changed_in_the_database_is_refused(self):
        payload = self.store(b"one")
        payload.sudo().digest = "0" * 64
        with self.assertRaises(BusinessError):
            payload._content()

    def test_ciphertext_never_passes_through_the_orm(self):
        payload = self.store(b"one")
        for user in (self.manager, self.env.ref("base.user_admin"), self.env.ref("base.user_root")):
            records = payload.with_user(user)
            for read in (
                lambda records=records: records.read(["ciphertext"]),
                lambda records=records: records.search([("ciphertext", "!=", False)]),
                lambda records=records: records.search_read([], ["ciphertext"]),
                lambda records=records: records.formatted_read_group([], ["ciphertext"]),
                lambda records=records: records.export_data(["ciphertext"]),
                lambda records=records: records.web_read({"ciphertext": {}}),
            ):
                self.assert_refused(read)
            self.assertNotIn("ciphertext", records.fields_get())

    def test_preview_is_masked_in_every_format(self):
        for content_type, content in {
            "application/json": '{"iban": "%s", "creditorName": "Ada Lovelace"}',
            "application/xml": "<Acct><IBAN>%s</IBAN><Nm>Ada Lovelace</Nm></Acct>",
            "text/plain": "to account %s, Authorization: Bearer abcdef0123456789",
        }.items():
            payload = self.store((content % SECRET_IBAN).encode(), content_type, content_type)
            preview = payload.with_user(self.viewer).preview
            self.assertTrue(preview)
            for hidden in (SECRET_IBAN, "Ada Lovelace", "abcdef0123456789"):
                self.assertNotIn(hidden, preview)
        self.assertFalse(payload._fields["preview"].store)

    def test_preview_without_its_key_says_what_to_do(self):
        payload = self.store(b"one")
        ring = KeyRing.generate(Path(self.key_file).with_name("other.keys"), "other")
        with patch.object(type(self.vault), "_key_ring", lambda self: ring):
            self.assertIn("k1", payload.preview)

    def test_only_legal_hold_can_be_written(self):
        payload = self.store(b"one").with_user(self.manager)
        payload.legal_hold = True
        with self.assertRaises(AccessError):
            payload.digest = "0" * 64

    def test_purge_removes_the_bytes_keeps_the_digest_and_respects_a_hold(self):
        payload, held = self.store(b"one", "1"), self.store(b"two", "2")
        held.legal_hold = True
        (payload + held)._purge()
        self.assertIsNone(self.ciphertext(payload))
        self.assertTrue(payload.digest)
        self.assertEqual(held._content(), b"two")
        with self.assertRaises(BusinessError) as caught:
            payload._content()
        self.assertEqual(caught.exception.code, "payload_purged")

    def test_retention_purges_only_what_is_finished_and_old(self):
        version = self.env["finance.interface.version"].create(
            {"interface_id": self.interface.id, "number": 77, "retention_days": 10}
        )
        payloads = {}
        for key, status, age in (
            ("old", "done", 11),
            ("young", "done", 9),
            ("open", "waiting", 11),
        ):
            payload = payloads[key] = self.store(b"x", key)
            payload.exchange_id.flush_recordset()
            self.env.cr.execute(
                "UPDATE finance_exchange SET version_id = %s, work_status = %s WHERE id = %s",
                [version.id, status, payload.exchange_id.id],
            )
            self.env.cr.execute(
                "UPDATE finance_exchange_payload SET create_date = now() - make_interval(days => %s) WHERE id = %s",
                [age, payload.id],
            )
        self.env.invalidate_all()
        self.env["finance.exchange.payload"]._gc_expired()
        self.assertEqual([key for key, payload in payloads.items() if payload.purged_at], ["old"])


@tagged("post_install", "-at_install")
class TestRotation(VaultCase):
    def rotate_all(self, batch):
        batches, skip = [], frozenset()
        while True:
            rotation = self.vault._rotate(batch, skip)
            if not rotation.rotated and not rotation.failed:
                return batches, skip
            batches.append(rotation.rotated)
            skip |= rotation.failed

    def setUp(self):
        super().setUp()
        self.payloads = [
            self.store(f"content {number}".encode(), str(number)) for number in range(5)
        ]
        self.credential = self.env["finance.credential"].create(
            {
                "name": "Key",
                "connection_id": self.connection.id,
                "kind": "api_key",
                "secret": "s3cr3t-value",
            }
        )
        KeyRing.add_key(self.key_file, "k2")

    def test_rotation_in_batches_leaves_everything_readable(self):
        batches, failed = self.rotate_all(4)
        self.assertEqual((sum(batches), max(batches), failed), (6, 4, frozenset()))
        self.assertEqual(self.vault._keys_in_use(), {"k2": 6})
        retired = KeyRing({"k2": self.vault._key_ring()._keys["k2"]}, "k2")
        with patch.object(type(self.vault), "_key_ring", lambda self: retired):
            self.assertEqual(
                [payload._content()[-1:] for payload in self.payloads],
                [b"0", b"1", b"2", b"3", b"4"],
            )
            self.assertEqual(self.credential._reveal(), "s3cr3t-value")

    def test_old_key_reads_until_it_is_retired(self):
        self.vault._rotate(2)
        self.assertEqual(self.vault._keys_in_use(), {"k1": 4, "k2": 2})
        self.assertEqual(self.payloads[4]._content(), b"content 4")

    def test_unreadable_value_is_reported_and_does_not_stop_the_rest(self):
        self.set_ciphertext(self.payloads[0], self.ciphertext(self.payloads[1]))
        batches, failed = self.rotate_all(2)
        self.assertEqual(sum(batches), 5)
        self.assertEqual(failed, {("finance_exchange_payload", self.payloads[0].id)})

    def test_rotation_button_is_for_managers(self):
        with self.assertRaises(AccessError):
            self.vault.with_user(self.viewer).action_rotate()
        answer = self.vault.with_user(self.manager).action_rotate()
        self.assertIn("6", answer["params"]["message"])

    def test_cron_rotates_everything(self):
        with self.enter_registry_test_mode():
            self.env.ref("finance_connector_base.ir_cron_rotate_keys").method_direct_trigger()
        self.assertEqual(self.vault._keys_in_use(), {"k2": 6})
