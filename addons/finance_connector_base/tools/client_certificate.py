"""Mutual TLS (RFC 8446, section 4.4.2): our own certificate and key, from memory into a context."""

import secrets
import ssl
import tempfile
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
)
from urllib3.util.ssl_ import create_urllib3_context

from .errors import FinalError

_PASTE_BOTH = (
    "Enter certificate and private key of one pair on the connection, both as PEM, the key without a "
    "passphrase: the vault encrypts it."
)


@dataclass(frozen=True)
class ClientCertificate:
    """A certificate that proves who we are, with the key that belongs to it.

    :param str chain: PEM of the certificate, followed by those of its authorities, if any.
    :param str key: PEM of its private key, not encrypted.
    """

    chain: str = field(repr=False)
    key: str = field(repr=False)


def choose_pair(chains, keys):
    """Return the first certificate that one of the keys belongs to.

    During a rotation old and new stand side by side, and not each certificate goes with each key.

    :param Sequence[str] chains: PEM certificates, the preferred one first.
    :param Sequence[str] keys: PEM private keys.
    :rtype: ClientCertificate
    :raise FinalError: ``client_certificate_invalid``: no two of them are a pair, or one is unreadable.
    """
    known = {_public(_load_key(key).public_key()): key for key in reversed(keys)}
    for chain in chains:
        key = known.get(_public(_load_certificate(chain).public_key()))
        if key is not None:
            return ClientCertificate(chain, key)
    raise _refused("None of the private keys belongs to the client certificate.")


def client_context(certificate):
    """Return a TLS context that shows ``certificate`` when the server asks for one.

    The library reads files only. What is written is encrypted under a passphrase that exists for this call, and is
    removed before it returns: the key never lies on a disk in clear.

    :param ClientCertificate certificate: the pair.
    :rtype: ssl.SSLContext
    :raise FinalError: ``client_certificate_invalid``.
    """
    passphrase = secrets.token_urlsafe(32)
    sealed = _load_key(certificate.key).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase.encode())
    )
    context = create_urllib3_context()
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(certificate.chain.strip().encode() + b"\n" + sealed)
        file.flush()
        try:
            context.load_cert_chain(file.name, password=passphrase)
        except ssl.SSLError:
            raise _refused("The private key does not belong to the client certificate.") from None
    return context


def _load_certificate(chain):
    try:
        return x509.load_pem_x509_certificate(chain.strip().encode())
    except ValueError:
        raise _refused("The client certificate is not in PEM form.") from None


def _load_key(key):
    try:
        return serialization.load_pem_private_key(key.strip().encode(), password=None)
    # A TypeError: it is encrypted.
    except (ValueError, TypeError):
        raise _refused(
            "The private key is not in PEM form, or has a passphrase of its own."
        ) from None


def _public(key):
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _refused(message):
    return FinalError(message, code="client_certificate_invalid", next_step=_PASTE_BOTH)
