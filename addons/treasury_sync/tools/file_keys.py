"""Keys that payment files are signed with and encrypted to: PEM for CMS and XML, OpenPGP for OpenPGP.

All of them come from the vault, which encrypts them; a key with a passphrase of its own is refused, since nobody is
there to type it.
"""

from dataclasses import dataclass, field

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from pysequoia import Cert, Tsk

from odoo.addons.finance_connector_base.tools.errors import FinalError

_LEAST_RSA_BITS = 2048
# Signed to see that a key signs what its certificate verifies.
_PROOF = b"proof of possession"


@dataclass(frozen=True)
class FileKeys:
    """What a connection has for its payment files; texts as the vault keeps them, empty where there is none.

    :ivar signing_key: our private key: PEM, or an OpenPGP private key.
    :ivar signing_certificate: PEM of the certificate of that key, followed by those of its authorities.
    :ivar bank_key: the bank's certificate as PEM, or its OpenPGP public key.
    """

    signing_key: str = field(default="", repr=False)
    signing_certificate: str = field(default="", repr=False)
    bank_key: str = ""


def signing_pair(keys, now):
    """Return our private key and the certificates of it, our own first.

    :param datetime now: with time zone; a certificate that is not valid then is refused.
    :raise FinalError: ``payment_key_invalid``
    """
    try:
        # Its numbers are not proven one by one, which takes most of a second: what it signs is, below.
        private = serialization.load_pem_private_key(
            keys.signing_key.strip().encode(), None, unsafe_skip_rsa_key_validation=True
        )
    # A TypeError: it is encrypted.
    except (ValueError, TypeError):
        raise invalid(
            "The key that signs payment files is not in PEM form, is damaged, or has a passphrase of its own."
        ) from None
    if not isinstance(private, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise invalid("The key that signs payment files is neither RSA nor of an elliptic curve.")
    _check_strength(private.public_key())
    chain = _certificates(keys.signing_certificate, "certificate of the signing key")
    if _public(chain[0].public_key()) != _public(private.public_key()):
        raise invalid("The signing certificate is not that of the signing key.")
    _check_valid(chain[0], "signing certificate", now)
    _check_signature(private, chain[0].public_key())
    return private, chain


def bank_certificate(keys, now):
    """Return the certificate that files are encrypted to.

    :raise FinalError: ``payment_key_invalid``
    """
    certificate = _certificates(keys.bank_key, "bank's certificate")[0]
    _check_valid(certificate, "bank's certificate", now)
    if not isinstance(certificate.public_key(), rsa.RSAPublicKey):
        raise invalid("The bank's certificate is not of an RSA key, which CMS encrypts to.")
    _check_strength(certificate.public_key())
    return certificate


def openpgp_signer(keys, now):
    """Return our OpenPGP key as something that signs.

    :raise FinalError: ``payment_key_invalid``
    """
    try:
        key = Tsk.from_bytes(keys.signing_key.encode())
        _check_openpgp(key.extract_certificate(), "signing key", now)
        return key.signer()
    except FinalError:
        raise
    # The library has one class of error for whatever is wrong.
    except Exception as error:
        raise invalid(
            f"The OpenPGP key that signs payment files cannot be used: {error}."
        ) from None


def openpgp_recipient(keys, now):
    """Return the bank's OpenPGP key.

    :raise FinalError: ``payment_key_invalid``
    """
    try:
        certificate = Cert.from_bytes(keys.bank_key.encode())
    except Exception as error:
        raise invalid(f"The bank's OpenPGP key cannot be read: {error}.") from None
    if "PRIVATE KEY" in keys.bank_key:
        raise invalid(
            "What was entered as the bank's key holds a private key: a bank never gives that."
        )
    _check_openpgp(certificate, "bank's key", now)
    return certificate


def invalid(message):
    return FinalError(
        message,
        code="payment_key_invalid",
        next_step=(
            "Enter the right key or certificate on the connection, then retry. Nothing was signed or sent."
        ),
    )


def _certificates(pem, what):
    try:
        return x509.load_pem_x509_certificates(pem.strip().encode())
    except ValueError:
        raise invalid(f"The {what} is not in PEM form.") from None


def _check_valid(certificate, what, now):
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise invalid(
            f"The {what} is valid from {certificate.not_valid_before_utc:%Y-%m-%d} to "
            f"{certificate.not_valid_after_utc:%Y-%m-%d} only."
        )


def _check_signature(private, public):
    scheme = (ec.ECDSA(hashes.SHA256()),)
    if isinstance(private, rsa.RSAPrivateKey):
        scheme = (padding.PKCS1v15(), hashes.SHA256())
    try:
        public.verify(private.sign(_PROOF, *scheme), _PROOF, *scheme)
    except (InvalidSignature, ValueError):
        raise invalid(
            "The key that signs payment files is damaged: its certificate does not verify what it signs."
        ) from None


def _check_openpgp(certificate, what, now):
    if certificate.is_revoked:
        raise invalid(f"The {what} was revoked.")
    if certificate.expiration and certificate.expiration <= now:
        raise invalid(f"The {what} expired on {certificate.expiration:%Y-%m-%d}.")


def _check_strength(public):
    if isinstance(public, rsa.RSAPublicKey) and public.key_size < _LEAST_RSA_BITS:
        raise invalid(
            f"An RSA key has {_LEAST_RSA_BITS} bits at least, and this one {public.key_size}."
        )


def _public(key):
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
