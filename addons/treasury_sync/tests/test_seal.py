import subprocess
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import file_path

from odoo.addons.finance_connector_base.tools.digest import sha256_hex

from .follow_common import FollowCase

KINDS = ("payment_signing_key", "payment_signing_certificate", "payment_bank_key")


def make_pair(name):
    """:return: a private key and its certificate, both as PEM"""
    key = rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    return (
        key.private_bytes(
            encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode(),
        certificate.public_bytes(encoding).decode(),
    )


@tagged("post_install", "-at_install")
class TestSeal(FollowCase):
    """What people approved is signed and encrypted once, on its way; the bank opens it and finds exactly that."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.our_key, cls.our_certificate = make_pair("Alder AG")
        cls.bank_key, cls.bank_certificate = make_pair("Bank")
        cls.channel.seal_method = "cms_sign_encrypt"

    def setUp(self):
        super().setUp()
        for path in (self.root / "out").iterdir():
            path.unlink()

    def enter_keys(self, *kinds):
        values = dict(
            zip(KINDS, (self.our_key, self.our_certificate, self.bank_certificate), strict=True)
        )
        return self.env["finance.credential"].create(
            [
                {"name": kind, "connection_id": self.drop.id, "kind": kind, "secret": values[kind]}
                for kind in kinds or KINDS
            ]
        )

    def files(self):
        return {path.name: path.read_bytes() for path in (self.root / "out").iterdir()}

    def openssl(self, *arguments, **files):
        with tempfile.TemporaryDirectory() as folder:
            for name, content in files.items():
                (Path(folder) / name).write_bytes(content)
            done = subprocess.run(
                ["openssl", "cms", "-inform", "DER", "-binary", *arguments],
                cwd=folder,
                capture_output=True,
                timeout=60,
            )
        self.assertFalse(done.returncode, done.stderr)
        return done.stdout

    def opened(self, sent):
        """What openssl, as the bank, makes of a file that is signed and encrypted."""
        signed = self.openssl(
            *("-decrypt", "-in", "sealed", "-inkey", "key", "-recip", "cert"),
            sealed=sent,
            key=self.bank_key.encode(),
            cert=self.bank_certificate.encode(),
        )
        return self.openssl(
            *("-verify", "-in", "signed", "-CAfile", "ca", "-purpose", "any"),
            signed=signed,
            ca=self.our_certificate.encode(),
        )

    def test_bank_opens_it_and_finds_what_was_approved(self):
        self.enter_keys()
        order = self.approved(100, channel=self.channel)
        self.assertFalse(order.exchange_id._has_reached("prepared"))
        order.exchange_id._job_send()
        self.assertEqual(order.state, "sent")
        name = f"{order._file().filename}.p7m"
        sent = self.files()[name]
        self.assertEqual(self.opened(sent), order._file()._content())
        self.assertEqual(self.files()[f"{name}.sha256"].decode(), f"{sha256_hex(sent)}  {name}\n")

    def test_what_was_sent_is_kept_with_both_digests(self):
        self.enter_keys()
        order = self.sent(100)
        kept = order._sealed_file()
        self.assertEqual(kept._content(), self.files()[kept.filename])
        self.assertEqual(kept.digest, order.exchange_id.digest)
        self.assertEqual(kept.source_digest, order.digest)
        event = self.env["finance.audit.event"].search(
            [("action", "=", "payment_order.file_sealed")], order="id desc", limit=1
        )
        self.assertIn(kept.digest, str(event.details))
        with self.assertRaises(UserError):
            kept.write({"digest": "0" * 64})

    def test_a_repeated_sending_is_of_the_same_bytes(self):
        self.enter_keys()
        order = self.approved(100, channel=self.channel)
        adapter = self.registry["finance.adapter.folder"]
        seen = []

        def broken(model, exchange, content):
            seen.append(content)
            raise TimeoutError("cut off")

        with patch.object(adapter, "_send", broken):
            order.exchange_id._job_send()
        self.assertEqual(order.exchange_id.work_status, "unknown")
        order.exchange_id._attest_not_received("The bank looked.")
        order.exchange_id._job_send()
        self.assertEqual(self.files()[order._sent_name()], seen[0])
        self.assertEqual(len(order._sealed_file()), 1)

    def test_recall_is_sealed_as_its_payments_are(self):
        self.enter_keys()
        self.channel.recall_format = "camt.055.001.08"
        order = self.sent(100)
        recall = self.approved_recall(order)
        recall.exchange_id._job_send()
        sent = self.files()[f"{recall.case_ref}.xml.p7m"]
        self.assertEqual(self.opened(sent), recall._file()._content())
        self.assertEqual(recall._sealed_file()._content(), sent)
        self.assertEqual(order._sealed_file().filename, f"{order._file().filename}.p7m")

    def test_a_signature_beside_goes_first_and_the_file_as_it_was_approved(self):
        self.enter_keys()
        self.channel.seal_method = "cms_sign_beside"
        order = self.sent(100)
        name = order._file().filename
        self.assertEqual({*self.files()}, {name, f"{name}.p7s", f"{name}.sha256"})
        self.assertEqual(self.files()[name], order._file()._content())
        self.openssl(
            *("-verify", "-in", "signature", "-content", "content", "-CAfile", "ca"),
            *("-purpose", "any"),
            signature=self.files()[f"{name}.p7s"],
            content=self.files()[name],
            ca=self.our_certificate.encode(),
        )

    def test_without_its_keys_nothing_leaves_and_with_them_it_goes_on(self):
        order = self.sent(100)
        self.assertEqual((order.state, order.exchange_id.work_status), ("approved", "exception"))
        exception = order.exchange_id._open_exceptions()
        self.assertEqual(exception.code, "payment_key_invalid")
        self.assertFalse(self.files())
        self.enter_keys()
        exception.action_retry()
        order.exchange_id._job_send()
        self.assertEqual(order.state, "sent")

    def test_keys_of_production_are_not_used_elsewhere(self):
        self.enter_keys()
        order = self.approved(100, channel=self.channel)
        self.drop.environment = "production"
        credential = self.registry["finance.credential"]
        with patch.object(credential, "_reveal", side_effect=AssertionError("revealed")):
            order.exchange_id._job_send()
        self.assertEqual(order.exchange_id._open_exceptions().code, "environment_mismatch")
        self.assertFalse(self.files())
        self.assertFalse(order._sealed_file())

    def test_a_copy_of_the_database_has_no_keys(self):
        self.enter_keys()
        script = Path(file_path("finance_connector_base/data/neutralize.sql")).read_text()
        self.env.cr.execute(script)
        self.env["finance.credential"].invalidate_model()
        self.assertFalse(self.env["finance.credential"].search([("kind", "in", KINDS)]))

    def test_nothing_is_signed_that_was_not_approved(self):
        self.enter_keys()
        order = self.approved(100, channel=self.channel)
        self.env.cr.execute(
            "UPDATE treasury_payment_approval SET state = 'void' WHERE order_id = %s", [order.id]
        )
        self.env.invalidate_all()
        order.exchange_id._job_send()
        self.assertEqual(order.exchange_id._open_exceptions().code, "payment_not_approved")
        self.assertFalse(order._sealed_file())

    def test_a_file_is_not_sent_in_clear_once_the_channel_seals(self):
        self.channel.seal_method = False
        order = self.approved(100, channel=self.channel)
        self.assertTrue(order.exchange_id._has_reached("prepared"))
        self.channel.seal_method = "cms_sign_encrypt"
        order.exchange_id._job_send()
        self.assertEqual(order.exchange_id._open_exceptions().code, "payment_not_approved")
        self.assertFalse(self.files())

    def test_a_recall_is_not_sent_in_clear_once_the_channel_seals(self):
        self.channel.write({"seal_method": False, "recall_format": "camt.055.001.08"})
        order = self.sent(100)
        recall = self.approved_recall(order)
        self.channel.seal_method = "cms_sign_encrypt"
        recall.exchange_id._job_send()
        self.assertEqual(recall.exchange_id._open_exceptions().code, "payment_not_approved")
        self.assertFalse([name for name in self.files() if recall.case_ref in name])

    def test_a_sealed_file_that_was_changed_is_not_sent(self):
        self.enter_keys()
        order = self.approved(100, channel=self.channel)
        adapter = self.registry["finance.adapter.folder"]
        with patch.object(adapter, "_send", side_effect=TimeoutError("cut off")):
            order.exchange_id._job_send()
        order.exchange_id._attest_not_received("The bank looked.")
        payload = order.exchange_id.sudo().payload_ids.filtered(lambda it: it.role == "content")
        payload._seal(b"another file")
        order.exchange_id._job_send()
        self.assertNotEqual(order.state, "sent")
        self.assertFalse(self.files())

    def test_channel_says_what_does_not_fit(self):
        for told, values in (
            ("no interface", {"interface_id": False}),
            ("for XML", {"seal_method": "xades", "file_format": "nacha"}),
            ("no choice colour", {"profile_options": {"colour": "blue"}}),
            ("no bank profile", {"profile_code": "nobody"}),
        ):
            with self.subTest(told), self.assertRaises(ValidationError) as caught:
                self.channel.write(values)
            self.assertIn(told, str(caught.exception))


@tagged("post_install", "-at_install")
class TestProfile(FollowCase):
    """A file that the bank would refuse never reaches approval."""

    def refused(self, order):
        with self.assertRaises(UserError) as caught:
            order.action_generate()
        self.assertIn("bank would refuse", str(caught.exception))
        order.invalidate_recordset()
        self.assertEqual(order.state, "draft")
        self.assertFalse(order.file_ids or order.instruction_ids)
        return str(caught.exception)

    def test_name_that_the_bank_cannot_read_is_refused_before_approval(self):
        bill = self.make_bill(100, vendor=self.make_vendor("北京", "DE89370400440532013000"))
        order = self.order(payments=self.pay(bill, user=self.preparer))
        told = self.refused(order)
        self.assertIn("北京", told)
        self.assertIn("Latin letters", told)

    def test_every_payment_that_would_be_refused_is_named(self):
        self.channel.write({"service_level": "URGP", "profile_code": "urgent"})
        told = self.refused(self.order(100, 200))
        self.assertEqual(told.count("needs the BIC"), 2)

    def test_profile_of_a_bank_takes_what_its_scheme_does_not(self):
        self.channel.profile_options = {"charset": "latin1"}
        bill = self.make_bill(
            100, vendor=self.make_vendor("Größe & Söhne", "DE89370400440532013000")
        )
        order = self.order(payments=self.pay(bill, user=self.preparer))
        order.action_generate()
        self.assertIn("Größe &amp; Söhne".encode(), order._file()._content())
