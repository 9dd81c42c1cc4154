"""Where an SFTP server is, and the key that it has to prove itself with."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from .errors import FinalError

_PORT = 22


@dataclass(frozen=True)
class Address:
    """Where an SFTP server is, of ``sftp://user@host[:port]/folder``.

    :param str folder: absolute; relative to where the login leads for ``/~/folder``; ``.`` for no path at all.
    """

    host: str
    port: int
    user: str
    folder: str


@dataclass(frozen=True)
class HostKey:
    """What a server proves itself with.

    :param str type: algorithm of the key, e.g. ``ssh-ed25519``.
    :param str fingerprint: ``SHA256:`` and the Base64 digest, as ``ssh-keygen -l`` prints it.
    """

    type: str
    fingerprint: str

    def __str__(self):
        return f"{self.type} {self.fingerprint}"


def parse_address(text):
    """Read an address.

    :param str text: ``sftp://user@host[:port][/folder]``.
    :rtype: Address
    :raise FinalError: ``sftp_setup``, it is no such address.
    """
    try:
        parts = urlsplit(text or "")
        port = parts.port or _PORT
    except ValueError:
        parts, port = urlsplit(""), _PORT
    problem = None
    if parts.scheme != "sftp" or not parts.hostname or not parts.username:
        problem = "The address must be of the form sftp://user@host/folder."
    elif parts.password or parts.query or parts.fragment:
        problem = "The address must not hold a password, a query or a fragment."
    if problem:
        raise FinalError(problem, "sftp_setup", next_step="Correct the address of the connection.")
    return Address(
        host=parts.hostname,
        port=port,
        user=unquote(parts.username),
        folder=unquote(parts.path).removeprefix("/~/") or ".",
    )


def parse_host_key(text):
    """:return: the key of its text form, None of an empty one
    :rtype: HostKey | None
    """
    kind, _, fingerprint = (text or "").partition(" ")
    return HostKey(kind, fingerprint) if fingerprint else None
