"""X.509 certificates of counterparties, as far as their validity goes (RFC 5280)."""

from cryptography import x509

from odoo.addons.finance_connector_base.tools.dates import to_utc_naive
from odoo.addons.finance_connector_base.tools.errors import FinalError


class CertificateError(FinalError):
    """The text is not a certificate in PEM form."""

    def __init__(self):
        super().__init__(
            "This is not a certificate in PEM form.",
            code="certificate_invalid",
            next_step="Paste the whole text, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----.",
        )


def validity(pem):
    """
    :param str pem: a certificate, or a chain that starts with it
    :return: first and last moment it is valid, naive UTC
    :rtype: tuple[datetime, datetime]
    :raise CertificateError: it is none
    """
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        raise CertificateError() from None
    return to_utc_naive(certificate.not_valid_before_utc), to_utc_naive(
        certificate.not_valid_after_utc
    )
