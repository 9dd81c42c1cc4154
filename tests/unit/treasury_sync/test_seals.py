"""Signed and encrypted files, opened and verified by programs that nobody here wrote: openssl, gpg, xmlsec1."""

import base64
import hashlib
import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pysequoia
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import NameOID
from lxml import etree

from odoo.addons.finance_connector_base.tools.errors import FinalError
from odoo.addons.treasury_sync.tools import seals
from odoo.addons.treasury_sync.tools.file_keys import FileKeys

from tests.unit.treasury_sync.examples import filed, order

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
DS = "{http://www.w3.org/2000/09/xmldsig#}"
C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
CONTENT = filed(order(), "pain.001.001.09", "sepa")


def pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def certificate(key, *, start=-1, end=30):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Alder AG")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW + timedelta(days=start))
        .not_valid_after(NOW + timedelta(days=end))
        .sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
        .decode()
    )


OURS, BANKS = (rsa.generate_private_key(65537, 2048) for _side in range(2))
KEYS = FileKeys(pem(OURS), certificate(OURS), certificate(BANKS))
PGP_BANKS = pysequoia.Tsk.generate("bank@example.test")


def run(*command, cwd, **kwargs):
    found = subprocess.run(command, cwd=cwd, capture_output=True, timeout=60, **kwargs)
    assert found.returncode == 0, found.stderr.decode()
    return found.stdout


def stored(folder, **contents):
    for name, content in contents.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def verified_cms(folder, signed, *options):
    stored(folder, signed=signed, ca=KEYS.signing_certificate, content=CONTENT)
    moment = str(int(NOW.timestamp()))
    return run(
        *("openssl", "cms", "-verify", "-inform", "DER", "-in", "signed", "-CAfile", "ca"),
        *("-binary", "-attime", moment, "-purpose", "any", *options),
        cwd=folder,
    )


def decrypted_cms(folder, sealed):
    stored(folder, sealed=sealed, key=pem(BANKS), cert=KEYS.bank_key)
    return run(
        *("openssl", "cms", "-decrypt", "-inform", "DER", "-in", "sealed", "-binary"),
        *("-inkey", "key", "-recip", "cert"),
        cwd=folder,
    )


def test_cms_signed_is_verified_by_openssl(tmp_path):
    sealed = seals.seal("cms_sign", CONTENT, KEYS, NOW)
    assert verified_cms(tmp_path, sealed.content) == CONTENT
    assert sealed.suffix == ".p7m"


def test_cms_signature_beside_is_of_exactly_the_approved_bytes(tmp_path):
    sealed = seals.seal("cms_sign_beside", CONTENT, KEYS, NOW)
    assert sealed.content == CONTENT
    verified_cms(tmp_path, sealed.signature, "-content", "content")
    with pytest.raises(AssertionError, match="erif"):
        stored(tmp_path, other=CONTENT + b" ")
        verified_cms(tmp_path, sealed.signature, "-content", "other")


def test_cms_encrypted_is_opened_by_the_banks_key_only(tmp_path):
    sealed = seals.seal("cms_encrypt", CONTENT, KEYS, NOW)
    assert b"Vendor SARL" not in sealed.content
    assert decrypted_cms(tmp_path, sealed.content) == CONTENT


def test_cms_is_signed_before_it_is_encrypted(tmp_path):
    sealed = seals.seal("cms_sign_encrypt", CONTENT, KEYS, NOW)
    assert verified_cms(tmp_path, decrypted_cms(tmp_path, sealed.content)) == CONTENT


@pytest.fixture(scope="module")
def gpg(tmp_path_factory):
    """Both sides as gpg has them, and the keys of one as ours."""
    if not shutil.which("gpg"):
        pytest.skip("gpg is not installed")
    folder = tmp_path_factory.mktemp("gpg")
    home = folder / "home"
    home.mkdir(mode=0o700)

    def call(*arguments, **files):
        stored(folder, **files)
        command = (
            "gpg",
            "--homedir",
            str(home),
            "--batch",
            "--yes",
            "--passphrase",
            "",
            *arguments,
        )
        return run(*command, cwd=folder)

    for side in ("us", "bank"):
        call("--quick-generate-key", f"{side}@example.test", "rsa2048", "sign,encrypt", "never")
    call.keys = FileKeys(
        call("--armor", "--export-secret-keys", "us@example.test").decode(),
        "",
        call("--armor", "--export", "bank@example.test").decode(),
    )
    yield call
    subprocess.run(
        ["gpgconf", "--homedir", str(home), "--kill", "all"], capture_output=True, timeout=60
    )


def test_openpgp_signed_and_encrypted_is_opened_by_gpg(gpg):
    sealed = seals.seal("pgp_sign_encrypt", CONTENT, gpg.keys, datetime.now(UTC))
    assert b"Vendor" not in sealed.content
    assert gpg("--decrypt", "sealed", sealed=sealed.content) == CONTENT
    assert b"GOODSIG" in gpg("--status-fd", "1", "--decrypt", "sealed")
    assert sealed.suffix == ".pgp"


def test_openpgp_encrypted_and_signed_alone(gpg):
    now = datetime.now(UTC)
    sealed = seals.seal("pgp_encrypt", CONTENT, gpg.keys, now)
    assert gpg("--decrypt", "sealed", sealed=sealed.content) == CONTENT
    signed = seals.seal("pgp_sign", CONTENT, gpg.keys, now)
    assert gpg("--decrypt", "signed", signed=signed.content) == CONTENT
    beside = seals.seal("pgp_sign_beside", CONTENT, gpg.keys, now)
    assert beside.content == CONTENT
    gpg("--verify", "signature", "content", signature=beside.signature, content=CONTENT)
    with pytest.raises(AssertionError, match="BAD signature"):
        gpg("--verify", "signature", "content", content=CONTENT + b" ")


def verified_xml(content):
    """Verify an enveloped signature by the books: every reference's digest, then the signature over them."""
    root = etree.fromstring(content)
    signature = root.find(f"{DS}Signature")
    info = signature.find(f"{DS}SignedInfo")
    cert = x509.load_pem_x509_certificate(KEYS.signing_certificate.encode())
    cert.public_key().verify(
        base64.b64decode(signature.findtext(f"{DS}SignatureValue")),
        etree.tostring(info, method="c14n", exclusive=True),
        padding.PKCS1v15(),
        hashes.SHA256(),
    )
    found = {}
    for reference in info.findall(f"{DS}Reference"):
        assert reference.find(f"{DS}Transforms")[-1].get("Algorithm") == C14N
        uri = reference.get("URI")
        if uri:
            [part] = root.xpath(f"//*[@Id='{uri[1:]}']")
            canonical = etree.tostring(part, method="c14n", exclusive=True, with_tail=False)
        else:
            bare = etree.fromstring(content)
            bare.remove(bare.find(f"{DS}Signature"))
            canonical = etree.tostring(bare, method="c14n", exclusive=True)
        digest = base64.b64encode(hashlib.sha256(canonical).digest()).decode()
        assert reference.findtext(f"{DS}DigestValue") == digest, uri
        found[reference.get("Type") or uri] = canonical
    return found


@pytest.mark.parametrize(("code", "count"), [("xmldsig", 1), ("xades", 3)])
def test_xml_signature_is_verified_by_the_books_and_by_xmlsec1(code, count, tmp_path):
    sealed = seals.seal(code, CONTENT, KEYS, NOW)
    found = verified_xml(sealed.content)
    assert len(found) == count
    canonical = etree.tostring(etree.fromstring(CONTENT), method="c14n", exclusive=True)
    assert found[""] == canonical
    with pytest.raises(AssertionError):
        verified_xml(sealed.content.replace(b"100.50", b"900.50", 1))
    if shutil.which("xmlsec1"):
        stored(tmp_path, signed=sealed.content, ca=KEYS.signing_certificate)
        run(
            *("xmlsec1", "--verify", "--trusted-pem", "ca", "--id-attr:Id", "SignedProperties"),
            *("--verification-time", f"{NOW:%Y-%m-%d %H:%M:%S}", "signed"),
            cwd=tmp_path,
        )


def test_xades_names_certificate_and_time():
    content = seals.seal("xades", CONTENT, KEYS, NOW).content
    assert b"SigningCertificateV2" in content and b"SigningTime" in content


@pytest.mark.parametrize("code", ["cms_sign", "xmldsig", "xades"])
def test_an_elliptic_key_signs_as_well(code):
    key = ec.generate_private_key(ec.SECP256R1())
    assert seals.seal(code, CONTENT, FileKeys(pem(key), certificate(key)), NOW).content


OTHER = rsa.generate_private_key(65537, 2048)
WEAK = rsa.generate_private_key(65537, 1024)
ED = ed25519.Ed25519PrivateKey.generate()


def damaged(key):
    """The key with exponents that are not its own."""
    numbers = key.private_numbers()
    return rsa.RSAPrivateNumbers(
        p=numbers.p,
        q=numbers.q,
        d=numbers.d + 2,
        dmp1=numbers.dmp1 + 2,
        dmq1=numbers.dmq1 + 2,
        iqmp=numbers.iqmp,
        public_numbers=numbers.public_numbers,
    ).private_key(unsafe_skip_rsa_key_validation=True)


LOCKED = OURS.private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.PKCS8,
    serialization.BestAvailableEncryption(b"secret"),
).decode()


@pytest.mark.parametrize(
    ("code", "keys", "told"),
    [
        ("cms_sign", FileKeys(), "needs the signing"),
        ("cms_encrypt", FileKeys(KEYS.signing_key), "needs the bank key"),
        ("cms_sign", FileKeys("junk", KEYS.signing_certificate), "not in PEM form"),
        ("cms_sign", FileKeys(LOCKED, KEYS.signing_certificate), "passphrase"),
        ("cms_sign", FileKeys(KEYS.signing_key, "junk"), "not in PEM form"),
        ("cms_sign", FileKeys(pem(OTHER), KEYS.signing_certificate), "not that of"),
        ("xades", FileKeys(pem(OURS), certificate(OURS, start=-9, end=-1)), "valid from"),
        ("xmldsig", FileKeys(pem(OURS), certificate(OURS, start=1)), "valid from"),
        ("cms_sign", FileKeys(pem(damaged(OURS)), KEYS.signing_certificate), "is damaged"),
        ("cms_sign", FileKeys(pem(WEAK), certificate(WEAK)), "2048 bits"),
        ("cms_sign", FileKeys(pem(ED), certificate(ED)), "neither RSA"),
        ("cms_encrypt", FileKeys(bank_key=certificate(BANKS, end=-1, start=-9)), "valid from"),
        (
            "cms_encrypt",
            FileKeys(bank_key=certificate(ec.generate_private_key(ec.SECP256R1()))),
            "RSA",
        ),
        ("pgp_sign", FileKeys("junk"), "cannot be used"),
        ("pgp_encrypt", FileKeys(bank_key="junk"), "cannot be read"),
        ("pgp_encrypt", FileKeys(bank_key=str(PGP_BANKS)), "private key"),
    ],
)
def test_a_key_that_cannot_be_used_is_refused_and_says_why(code, keys, told):
    with pytest.raises(FinalError, match=told) as caught:
        seals.seal(code, CONTENT, keys, NOW)
    assert caught.value.code == "payment_key_invalid"
    assert "BEGIN" not in caught.value.message


@pytest.mark.parametrize(("code", "content"), [("rot13", CONTENT), ("xades", b"101 0210000210")])
def test_a_way_that_does_not_fit_is_refused(code, content):
    with pytest.raises(FinalError) as caught:
        seals.seal(code, content, KEYS, NOW)
    assert caught.value.code == "payment_seal_impossible"


def test_an_expired_openpgp_key_is_refused():
    short = pysequoia.Tsk.generate("short@example.test", validity_seconds=60)
    keys = FileKeys(str(short), "", str(short.extract_certificate()))
    for code in ("pgp_sign", "pgp_encrypt"):
        with pytest.raises(FinalError, match="expired"):
            seals.seal(code, CONTENT, keys, datetime.now(UTC) + timedelta(days=1))


def test_keys_do_not_show_in_logs():
    assert "BEGIN PRIVATE" not in repr(KEYS)
