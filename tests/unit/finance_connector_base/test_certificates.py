"""How long a certificate is valid, as it says itself."""

from datetime import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from odoo.addons.finance_connector_base.tools.certificates import CertificateError, validity

BEGIN, END = datetime(2026, 1, 1, 12), datetime(2027, 1, 1, 12)


def _pem():
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bank.example")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, BEGIN, END)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def test_validity_is_naive_utc():
    assert validity(_pem()) == (BEGIN, END)


def test_first_certificate_of_a_chain_counts():
    assert validity(_pem() + _pem()) == (BEGIN, END)


@pytest.mark.parametrize("text", ["", "secret-4711", _pem()[:100]])
def test_anything_else_is_refused_without_repeating_it(text):
    with pytest.raises(CertificateError) as caught:
        validity(text)
    assert caught.value.__cause__ is None
    assert not text or text not in str(caught.value)
