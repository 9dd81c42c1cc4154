"""Authenticated encryption of secrets and payloads, with a ring of keys kept outside the database.

AES-256-GCM with a random 96-bit nonce (NIST SP 800-38D: at most 2**32 values a key, so add a key
each year). Each value names its key, so old values stay readable after a new key became the current
one. The purpose of a value (table, field, row) is bound to it as associated data: a value moved to
another row does not open.
"""

import base64
import binascii
import fcntl
import os
import re
import secrets
import stat
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .errors import FinalError

_KEY_BYTES = 32
_NONCE_BYTES = 12
_TEXT_VERSION = "v1"
_BYTES_MAGIC = b"FCV1"
# Of bytes: the length of the key id is one byte.
_MOST_HEADER = len(_BYTES_MAGIC) + 1 + 255
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)
_CURRENT = "current:"
_GENERATE_HINT = "Create the key file with the key command of the suite, and keep a copy of it."


class VaultError(FinalError):
    """A value can't be encrypted or read."""


class KeyFileError(VaultError):
    """The key ring is missing, open to others, or not in its form."""

    def __init__(self, message, next_step=""):
        super().__init__(message, "vault_key_file", next_step=next_step)


class UnknownKeyError(VaultError):
    """A value names a key that is not in the ring."""

    def __init__(self, key_id):
        super().__init__(
            f"The key “{key_id}” of this value is not in the key ring.",
            "vault_unknown_key",
            next_step="Put that key back into the key file from your copy; keep retired keys in it.",
        )


class TamperedValueError(VaultError):
    """A value was changed, or belongs to another place."""

    def __init__(self, message="The value was changed, or was written for another record."):
        super().__init__(
            message,
            "vault_value_refused",
            next_step="Restore the value from a backup, or enter the secret again.",
        )


class _Key:
    """One key; never shows its bytes."""

    __slots__ = ("cipher", "created", "raw")

    def __init__(self, raw, created=None):
        self.raw = raw
        self.cipher = AESGCM(raw)
        self.created = created


class KeyRing:
    """The keys of one environment, one of them current.

    A key file has a line per key, ``<key id> <base64 of 32 bytes> [<ISO date of creation>]``, blank
    lines and lines starting with ``#``. ``current: <key id>`` names the current key; without it,
    the first one is.
    """

    def __init__(self, keys, current_key_id):
        self._keys = keys
        self.current_key_id = current_key_id

    def __repr__(self):
        return f"KeyRing(key_ids={self.key_ids!r}, current={self.current_key_id!r})"

    @property
    def key_ids(self):
        return tuple(self._keys)

    def created(self, key_id):
        """Return the day the key was made, or None when the file does not say."""
        return self._key(key_id).created

    # === READING AND WRITING THE RING === #

    @classmethod
    def load(cls, path):
        """Read a key file.

        :param path: the file; nobody outside its owner and group may have access to it.
        :rtype: KeyRing
        :raise KeyFileError: it is missing, unreadable, open to others, or not in its form.
        """
        path = Path(path)
        try:
            with path.open("rb") as file:
                _refuse_open_file(path, os.fstat(file.fileno()))
                text = file.read().decode("ascii")
        except FileNotFoundError as exc:
            raise KeyFileError(f"The key file {path} does not exist.", _GENERATE_HINT) from exc
        except UnicodeDecodeError:
            raise KeyFileError(f"The key file {path} is not plain text.", _GENERATE_HINT) from None
        except OSError as exc:
            raise KeyFileError(
                f"The key file {path} can't be read: {exc.strerror}.",
                "Let the Odoo system user read it.",
            ) from exc
        return cls.from_text(text, source=f"the key file {path}")

    @classmethod
    def from_environ(cls, name="FINANCE_KEYS", environ=os.environ):
        """Read the ring from an environment variable, in the form of a key file (``;`` ends a line
        too).

        :raise KeyFileError: the variable is missing, empty, or not in its form.
        """
        text = environ.get(name, "").replace(";", "\n")
        return cls.from_text(text, source=f"the environment variable {name}")

    @classmethod
    def from_text(cls, text, source="the key ring"):
        """Read the ring from text in the form of a key file.

        :param str source: where the text is from, for messages.
        :raise KeyFileError: it is not in that form. The message names the line, never its content.
        """
        keys, current = {}, None
        for number, line in enumerate(text.splitlines(), start=1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            if line.startswith(_CURRENT):
                current = line.removeprefix(_CURRENT).strip()
                continue
            key_id, key = _parse_key_line(line, f"line {number} of {source}")
            if key_id in keys:
                raise KeyFileError(f"Line {number} of {source} repeats the key id “{key_id}”.")
            keys[key_id] = key
        if not keys:
            raise KeyFileError(f"There is no key in {source}.", _GENERATE_HINT)
        current = current or next(iter(keys))
        if current not in keys:
            raise KeyFileError(f"The current key named in {source} is not in it.")
        return cls(keys, current)

    @classmethod
    def generate(cls, path, key_id=None):
        """Create a key file with one new key.

        :param path: where; an existing file is never replaced, for its keys would be lost.
        :param str key_id: name of the key; the day and a few random characters when left out.
        :rtype: KeyRing
        :raise KeyFileError: the file exists or can't be written.
        """
        path = Path(path).resolve()
        ring = cls({}, None)._with_new_key(key_id)
        with _writing(path):
            if path.exists():
                raise KeyFileError(
                    f"The key file {path} exists already.", "Add a key to it instead of a new file."
                )
            ring._write(path)
        return ring

    @classmethod
    def add_key(cls, path, key_id=None):
        """Add a new key to a key file and make it the current one; the others stay for reading.

        :rtype: KeyRing
        :raise KeyFileError: the file can't be read or written, or has that key id.
        """
        path = Path(path).resolve()
        with _writing(path):
            ring = cls.load(path)._with_new_key(key_id)
            ring._write(path)
        return ring

    def _with_new_key(self, key_id):
        today = datetime.now(UTC).date()
        key_id = key_id or f"{today:%Y%m%d}-{secrets.token_hex(3)}"
        if not _KEY_ID.fullmatch(key_id) or key_id in self._keys:
            raise KeyFileError(
                f"“{key_id}” can't be the id of a new key.",
                "Use up to 32 letters, digits, - and _, that no other key has.",
            )
        key = _Key(AESGCM.generate_key(bit_length=8 * _KEY_BYTES), today)
        return KeyRing({**self._keys, key_id: key}, key_id)

    def _write(self, path):
        """Replace the file whole or not at all; a crash never leaves half a ring."""
        lines = [f"{_CURRENT} {self.current_key_id}"]
        for key_id, key in self._keys.items():
            parts = [key_id, base64.b64encode(key.raw).decode()]
            lines.append(" ".join([*parts, key.created.isoformat()] if key.created else parts))
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            with os.fdopen(
                os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w"
            ) as file:
                if path.exists():
                    # An administrator adds a key, Odoo's system user has to read it afterwards.
                    before = path.stat()
                    os.fchown(file.fileno(), before.st_uid, before.st_gid)
                    os.fchmod(file.fileno(), stat.S_IMODE(before.st_mode))
                file.write("\n".join(lines) + "\n")
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)

    # === VALUES === #

    def encrypt(self, plaintext, aad):
        """Encrypt bytes under the current key.

        :param bytes plaintext: what to hide.
        :param bytes aad: what the value is for; the same must be given to read it.
        :return: a self-describing value for a binary column.
        :rtype: bytes
        """
        key_id = self.current_key_id.encode()
        header = _BYTES_MAGIC + bytes([len(key_id)]) + key_id
        return b"".join((header, *self._seal(self.current_key_id, plaintext, header + aad)))

    def decrypt(self, token, aad):
        """Read what :meth:`encrypt` made.

        :param token: bytes, or a buffer of them, which is not copied.
        :raise UnknownKeyError: its key is not in the ring.
        :raise TamperedValueError: it was changed, or ``aad`` is not the one it was written with.
        """
        token = memoryview(token)
        head = bytes(token[:_MOST_HEADER])
        key_id = self.key_id_of(head)
        size = len(_BYTES_MAGIC) + 1 + len(key_id)
        return self._open(key_id, token[size:], head[:size] + aad)

    def encrypt_text(self, plaintext, aad):
        """Encrypt text under the current key, into ``v1:<key id>:<base64>`` for a text column.

        :param str plaintext: what to hide.
        :param bytes aad: as for :meth:`encrypt`.
        :rtype: str
        """
        header = f"{_TEXT_VERSION}:{self.current_key_id}:"
        body = b"".join(self._seal(self.current_key_id, plaintext.encode(), header.encode() + aad))
        return header + base64.b64encode(body).decode()

    def decrypt_text(self, token, aad):
        """Read what :meth:`encrypt_text` made; raises as :meth:`decrypt`."""
        key_id = self.key_id_of(token)
        header = f"{_TEXT_VERSION}:{key_id}:"
        encoded = token[len(header) :]
        try:
            body = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            raise TamperedValueError() from None
        if base64.b64encode(body).decode() != encoded:
            raise TamperedValueError()  # base64 has several spellings of the same bytes
        return self._open(key_id, body, header.encode() + aad).decode()

    def key_id_of(self, token):
        """Return the id of the key that ``token`` (bytes or text) is under.

        :raise TamperedValueError: it is not a value of this vault.
        """
        if isinstance(token, str):
            version, _, rest = token.partition(":")
            key_id, separator, _ = rest.partition(":")
            well_formed = version == _TEXT_VERSION and separator
        else:
            start = len(_BYTES_MAGIC) + 1
            well_formed = token[: start - 1] == _BYTES_MAGIC and len(token) > start
            size = token[start - 1] if well_formed else 0
            key_id = bytes(token[start : start + size]).decode("ascii", errors="replace")
        if not well_formed or not _KEY_ID.fullmatch(key_id):
            raise TamperedValueError("This is not a value that the vault wrote.")
        return key_id

    def needs_rotation(self, token):
        """Say whether ``token`` is under another key than the current one."""
        return self.key_id_of(token) != self.current_key_id

    def _key(self, key_id):
        try:
            return self._keys[key_id]
        except KeyError:
            raise UnknownKeyError(key_id) from None

    def _seal(self, key_id, plaintext, bound):
        nonce = os.urandom(_NONCE_BYTES)
        return nonce, self._key(key_id).cipher.encrypt(nonce, plaintext, bound)

    def _open(self, key_id, body, bound):
        try:
            return self._key(key_id).cipher.decrypt(
                bytes(body[:_NONCE_BYTES]), body[_NONCE_BYTES:], bound
            )
        except (InvalidTag, ValueError):
            raise TamperedValueError() from None


def _parse_key_line(line, place):
    parts = line.split()
    try:
        key_id, encoded, *created = parts
        raw = base64.b64decode(encoded, validate=True)
        created = date.fromisoformat(created[0]) if created else None
        well_formed = len(parts) <= 3 and _KEY_ID.fullmatch(key_id) and len(raw) == _KEY_BYTES
    except (ValueError, binascii.Error):
        well_formed = False
    if not well_formed:
        # Raised outside the handler and without the line: the key must not reach a traceback.
        raise KeyFileError(
            f"There is no key in {place}.",
            "Write “<key id> <base64 of 32 bytes> [<ISO date>]”, or restore the file from its copy.",
        )
    return key_id, _Key(raw, created)


def _refuse_open_file(path, status):
    if status.st_mode & (stat.S_IRWXO | stat.S_IWGRP):
        raise KeyFileError(
            f"The key file {path} is open to others (mode {stat.S_IMODE(status.st_mode):04o}).",
            f"Run: chmod 600 {path}",
        )


@contextmanager
def _writing(path):
    """Let one process at a time change the file: a ring written over another would lose its key."""
    try:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as exc:
        raise KeyFileError(
            f"The key file {path} can't be written: {exc.strerror}.",
            "Let the system user who runs the command write to its folder.",
        ) from exc
