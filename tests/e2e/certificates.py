"""An authority of one's own, with certificates for both ends of mutual TLS."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Authority:
    """Signs certificates; ``files(name)`` are PEM files of one in a folder.

    :ivar certificate: its own, as PEM.
    """

    def __init__(self, folder):
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("Sandbox authority")
        own = self._build(self._name, self._key.public_key()).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self.certificate = _pem(own.sign(self._key, hashes.SHA256()))
        self.file = folder / "authority.pem"
        self.file.write_text(self.certificate)

    def issue(self, name):
        """Return certificate and key of ``name``, valid for this machine, as PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
        builder = self._build(_name(name), key.public_key()).add_extension(address, critical=False)
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return _pem(builder.sign(self._key, hashes.SHA256())), private.decode()

    def files(self, name):
        """Return the paths of certificate and key of ``name``."""
        paths = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        for path, content in zip(paths, self.issue(name), strict=True):
            path.write_text(content)
        return paths

    def _build(self, name, public_key):
        now = datetime.now(UTC)
        return x509.CertificateBuilder(
            self._name,
            name,
            public_key,
            x509.random_serial_number(),
            now - timedelta(days=1),
            now + timedelta(days=30),
        )


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
