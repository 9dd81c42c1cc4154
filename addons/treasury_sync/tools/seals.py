"""How a payment file is signed and encrypted on its way to one bank.

The file that people approved stays as it is; what is sent is made from it once and kept: encryption has chance in it,
so making it again would make another.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import pysequoia
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from lxml import etree
from signxml import (
    CanonicalizationMethod,
    DigestAlgorithm,
    SignatureConstructionMethod,
    SignatureMethod,
    XMLSigner,
)
from signxml.xades import XAdESSigner

from odoo.addons.finance_connector_base.tools.errors import FinalError
from odoo.addons.finance_connector_base.tools.safe_xml import parse

from . import file_keys
from .file_keys import FileKeys

_LARGEST = 256 * 1024 * 1024


@dataclass(frozen=True)
class Sealed:
    """What is sent.

    :ivar content: the bytes.
    :ivar suffix: what the file's name gets.
    :ivar signature: a signature of its own, to be sent beside the file.
    :ivar signature_suffix: of that signature's name.
    """

    content: bytes
    suffix: str = ""
    signature: bytes | None = None
    signature_suffix: str = ""


@dataclass(frozen=True)
class SealMethod:
    """One way to sign and encrypt.

    :ivar code: stable identifier.
    :ivar name: for people.
    :ivar needs: fields of :class:`FileKeys` that it uses.
    :ivar seal: ``seal(content, keys, now) -> Sealed``; raises ``FinalError`` ``payment_key_invalid``.
    :ivar xml_only: only XML can be sealed so.
    """

    code: str
    name: str
    needs: frozenset[str]
    seal: Callable[[bytes, FileKeys, datetime], Sealed]
    xml_only: bool = False


# === CMS (RFC 5652) === #


def _cms_signature(content, keys, now, *options):
    private, chain = file_keys.signing_pair(keys, now)
    builder = (
        pkcs7.PKCS7SignatureBuilder()
        .set_data(content)
        .add_signer(chain[0], private, hashes.SHA256())
    )
    for certificate in chain[1:]:
        builder = builder.add_certificate(certificate)
    return builder.sign(Encoding.DER, [pkcs7.PKCS7Options.Binary, *options])


def _cms_encryption(content, keys, now):
    return (
        pkcs7.PKCS7EnvelopeBuilder()
        .set_data(content)
        .add_recipient(file_keys.bank_certificate(keys, now))
        .encrypt(Encoding.DER, [pkcs7.PKCS7Options.Binary])
    )


def _cms_sign(content, keys, now):
    return Sealed(_cms_signature(content, keys, now), ".p7m")


def _cms_sign_beside(content, keys, now):
    signature = _cms_signature(content, keys, now, pkcs7.PKCS7Options.DetachedSignature)
    return Sealed(content, "", signature, ".p7s")


def _cms_encrypt(content, keys, now):
    return Sealed(_cms_encryption(content, keys, now), ".p7m")


def _cms_sign_encrypt(content, keys, now):
    return Sealed(_cms_encryption(_cms_signature(content, keys, now), keys, now), ".p7m")


# === OpenPGP (RFC 9580) === #


def _pgp_sign(content, keys, now):
    return Sealed(pysequoia.sign(file_keys.openpgp_signer(keys, now), content), ".asc")


def _pgp_sign_beside(content, keys, now):
    signer = file_keys.openpgp_signer(keys, now)
    signature = pysequoia.sign(signer, content, mode=pysequoia.SignatureMode.DETACHED)
    return Sealed(content, "", signature, ".asc")


def _pgp_encrypt(content, keys, now):
    recipient = file_keys.openpgp_recipient(keys, now)
    return Sealed(pysequoia.encrypt(content, recipients=[recipient]), ".pgp")


def _pgp_sign_encrypt(content, keys, now):
    encrypted = pysequoia.encrypt(
        content,
        recipients=[file_keys.openpgp_recipient(keys, now)],
        signer=file_keys.openpgp_signer(keys, now),
    )
    return Sealed(encrypted, ".pgp")


# === XML signature (W3C XMLDSIG core, ETSI EN 319 132-1) === #


_DS = "{http://www.w3.org/2000/09/xmldsig#}"
_C14N = CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0


class _XadesSigner(XAdESSigner):
    """Says of the signed properties how they were made canonical: a verifier takes another way where nothing is said,
    and finds the namespaces of the payment file in them."""

    def _add_reference_to_signed_info(self, sig_root, node_to_reference, **attrs):
        super()._add_reference_to_signed_info(sig_root, node_to_reference, **attrs)
        reference = sig_root.find(f"{_DS}SignedInfo")[-1]
        transforms = etree.Element(f"{_DS}Transforms")
        etree.SubElement(transforms, f"{_DS}Transform", Algorithm=_C14N.value)
        reference.insert(0, transforms)


def _xml_sign(signer_class, content, keys, now):
    private, chain = file_keys.signing_pair(keys, now)
    is_rsa = isinstance(private, rsa.RSAPrivateKey)
    signer = signer_class(
        method=SignatureConstructionMethod.enveloped,
        signature_algorithm=SignatureMethod.RSA_SHA256 if is_rsa else SignatureMethod.ECDSA_SHA256,
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm=_C14N,
    )
    root = signer.sign(
        parse(content, max_bytes=_LARGEST), key=private, cert=chain, always_add_key_value=False
    )
    return Sealed(b'<?xml version="1.0" encoding="UTF-8"?>\n' + etree.tostring(root))


def _xmldsig(content, keys, now):
    return _xml_sign(XMLSigner, content, keys, now)


def _xades(content, keys, now):
    return _xml_sign(_XadesSigner, content, keys, now)


_SIGN = frozenset({"signing_key", "signing_certificate"})
_PGP_SIGN = frozenset({"signing_key"})
_ENCRYPT = frozenset({"bank_key"})

METHODS = {
    method.code: method
    for method in (
        SealMethod("cms_sign", "CMS: signed", _SIGN, _cms_sign),
        SealMethod("cms_sign_beside", "CMS: signature beside the file", _SIGN, _cms_sign_beside),
        SealMethod("cms_encrypt", "CMS: encrypted", _ENCRYPT, _cms_encrypt),
        SealMethod(
            "cms_sign_encrypt", "CMS: signed, then encrypted", _SIGN | _ENCRYPT, _cms_sign_encrypt
        ),
        SealMethod("pgp_sign", "OpenPGP: signed", _PGP_SIGN, _pgp_sign),
        SealMethod(
            "pgp_sign_beside", "OpenPGP: signature beside the file", _PGP_SIGN, _pgp_sign_beside
        ),
        SealMethod("pgp_encrypt", "OpenPGP: encrypted", _ENCRYPT, _pgp_encrypt),
        SealMethod(
            "pgp_sign_encrypt",
            "OpenPGP: signed and encrypted",
            _PGP_SIGN | _ENCRYPT,
            _pgp_sign_encrypt,
        ),
        SealMethod("xmldsig", "XML signature in the file", _SIGN, _xmldsig, xml_only=True),
        SealMethod("xades", "XAdES signature in the file", _SIGN, _xades, xml_only=True),
    )
}


def choices():
    """Return code and name of every way to seal a file."""
    return [(code, method.name) for code, method in METHODS.items()]


def seal(code, content, keys, now):
    """Sign and encrypt a payment file.

    :param str code: of ``METHODS``.
    :param bytes content: what people approved.
    :param FileKeys keys: of the connection.
    :param datetime now: with time zone.
    :rtype: Sealed
    :raise FinalError: ``payment_key_invalid``, or ``payment_seal_impossible``: no such way, or not for such a file
    """
    method = METHODS.get(code)
    if method is None:
        raise _impossible(f"There is no way “{code}” to sign or encrypt a file.")
    if method.xml_only and not content.lstrip().startswith(b"<"):
        raise _impossible(f"“{method.name}” is for XML, and this file is none.")
    for name in sorted(method.needs):
        if not getattr(keys, name).strip():
            raise file_keys.invalid(
                f"“{method.name}” needs the {name.replace('_', ' ')}, which the connection does not have."
            )
    return method.seal(content, keys, now)


def _impossible(message):
    return FinalError(
        message,
        code="payment_seal_impossible",
        next_step="Choose on the payment channel how its files are signed and encrypted.",
    )
