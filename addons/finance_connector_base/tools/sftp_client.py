"""The one way out over SFTP: the server's key is pinned, reads and writes are bounded, names stay bytes.

Version 3 of the protocol (draft-ietf-secsh-filexfer-02), which is what OpenSSH and nearly every bank speaks.
"""

import errno
import io
import logging
import posixpath
import socket
import stat
import time
from contextlib import contextmanager
from dataclasses import dataclass

import paramiko

from .addresses import address_refusal
from .errors import FinalError, FinanceError, RetryableError, UnknownOutcomeError
from .sftp_address import HostKey

# What fails arrives as an error with a class; paramiko's own threads would log the same with a traceback.
_LOG_CHANNEL = f"{__name__}.paramiko"
logging.getLogger(_LOG_CHANNEL).setLevel(logging.CRITICAL)

_CHUNK_BYTES = 256 * 1024
_MAX_ENTRIES = 100_000
_KEY_CLASSES = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)
_RSA_ALGORITHMS = ("rsa-sha2-512", "rsa-sha2-256")
UPLOAD_SUFFIX = ".part"
"""What a file is called while it is uploaded: receivers that poll a folder leave such files alone."""


@dataclass(frozen=True)
class RemoteFile:
    """A regular file of a listing.

    :param bytes name: as the server gave it; never part of a path on this machine.
    :param int size: bytes.
    :param int mtime: seconds since the epoch, by the server's clock.
    """

    name: bytes
    size: int
    mtime: int

    @property
    def shown(self):
        """The name for people and the database: file systems take any bytes."""
        return self.name.decode(errors="replace")


def fetch_host_key(address, *, allow_private=False, connect_seconds=10.0):
    """Ask a server which key it proves itself with, without logging in.

    :param Address address: where it is.
    :param bool allow_private: private and loopback addresses may be talked to.
    :rtype: HostKey
    :raise FinanceError: it cannot be reached, or must not be.
    """
    with _explained(f"{address.host}:{address.port}"):
        transport = _connect(address, allow_private, connect_seconds)
        try:
            transport.start_client(timeout=connect_seconds)
            return _host_key(transport)
        finally:
            transport.close()


class SftpClient:
    """A session with one server; a context manager.

    Nothing is asked of the user's own SSH set-up: no agent, no ``known_hosts``, no configuration file. A server whose
    key is not the pinned one is refused before anything is sent to it, the login among it.

    :param Address address: where the server is.
    :param HostKey | None host_key: the pinned key; without one there is no connection.
    :param str password: for the login, or
    :param str private_key: in OpenSSH or PEM form, without a passphrase.
    :param bool allow_private: private and loopback addresses may be talked to; checked on the connected peer.
    :param float connect_seconds: for connecting, the handshake and the login, each.
    :param float silent_seconds: longest wait for the next byte.
    :param float total_seconds: longest transfer of one file.
    """

    def __init__(
        self,
        address,
        host_key,
        *,
        password=None,
        private_key=None,
        allow_private=False,
        connect_seconds=10.0,
        silent_seconds=30.0,
        total_seconds=900.0,
    ):
        if host_key is None:
            raise FinalError(
                f"The key of the server {address.host} is not known yet.",
                "host_key_unknown",
                next_step="Ask for the server's key on the connection and compare it with what the bank told you.",
            )
        self._address = address
        self._host_key = host_key
        self._password = password
        self._private_key = _load_key(private_key) if private_key else None
        self._allow_private = allow_private
        self._connect_seconds = connect_seconds
        self._silent_seconds = silent_seconds
        self._total_seconds = total_seconds
        self._transport = None
        self._session = None

    def __enter__(self):
        with self._explained("log in"):
            try:
                self._open()
            except BaseException:
                self.close()
                raise
        return self

    def __exit__(self, *exc_info):
        self.close()

    def close(self):
        if self._transport:
            self._transport.close()

    def _open(self):
        self._transport = transport = _connect(
            self._address, self._allow_private, self._connect_seconds
        )
        # The server may have keys of several kinds: it has to show the one that we know.
        kinds = _RSA_ALGORITHMS if self._host_key.type == "ssh-rsa" else (self._host_key.type,)
        try:
            transport.get_security_options().key_types = kinds
            transport.start_client(timeout=self._connect_seconds)
        except (ValueError, paramiko.ssh_exception.IncompatiblePeer) as error:
            raise self._changed(f"none of the kind {self._host_key.type}") from error
        shown = _host_key(transport)
        if shown != self._host_key:
            raise self._changed(shown)
        if self._private_key:
            transport.auth_publickey(self._address.user, self._private_key)
        else:
            transport.auth_password(self._address.user, self._password or "")
        self._session = _Session.from_transport(transport)
        self._session.get_channel().settimeout(self._silent_seconds)

    def _changed(self, shown):
        return FinalError(
            f"The server {self._address.host} shows another key than before: {shown}. Nothing was sent to it.",
            "host_key_changed",
            next_step=(
                "Ask the bank whether it changed the key, over a way you know. Only then ask for the key again on the"
                " connection and trust it."
            ),
        )

    # === READING === #

    def files(self, folder=None):
        """List the regular files of a folder.

        :param str folder: by default that of the address.
        :rtype: list[RemoteFile]
        :raise FinanceError: the folder cannot be listed; never an empty list instead.
        """
        with self._explained("list the folder"):
            return self._session.regular_files(self._path(folder or self._address.folder))

    def read(self, file, *, max_bytes, folder=None):
        """Read a file whole.

        :param RemoteFile file: as it was listed.
        :param int max_bytes: largest file accepted.
        :return: the bytes, or None when it went away, or is not what was listed any more.
        :rtype: bytes | None
        :raise FinalError: ``file_too_large``.
        """
        path = self._path(folder or self._address.folder, file.name)
        deadline = time.monotonic() + self._total_seconds
        with self._explained(f"read {file.shown}"):
            try:
                with self._session.open(path, "rb") as stream:
                    size = self._session.stat(path).st_size
                    if size > max_bytes:
                        raise FinalError(
                            f"The file {file.shown} has {size} bytes; the limit is {max_bytes}.",
                            "file_too_large",
                            next_step=(
                                "Ask the sender for smaller files, or move this one away to let the others through."
                            ),
                        )
                    stream.prefetch(size, max_concurrent_requests=64)
                    pieces = []
                    while piece := stream.read(_CHUNK_BYTES):
                        pieces.append(piece)
                        if time.monotonic() > deadline:
                            raise TimeoutError
            except FileNotFoundError:
                return None
            content = b"".join(pieces)
            return (
                content if len(content) == file.size and self.is_unchanged(file, folder) else None
            )

    def is_unchanged(self, file, folder=None):
        """:return: whether ``file`` is still there with the size and time it was listed with."""
        with self._explained(f"look at {file.shown}"):
            try:
                now = self._session.lstat(self._path(folder or self._address.folder, file.name))
            except FileNotFoundError:
                return False
            return (now.st_size, now.st_mtime) == (file.size, file.mtime)

    # === MOVING === #

    def move(self, file, target_folder):
        """Rename a file into a folder below its own, never over another one.

        :param RemoteFile file: as it was listed.
        :param str target_folder: relative to the folder of the address; made when missing.
        :return: whether it was there to be moved.
        :raise FinanceError: it cannot be moved.
        """
        base = self._path(self._address.folder)
        with self._explained(f"move {file.shown}"):
            folder = self._ensure_folders(target_folder)
            stem, suffix = posixpath.splitext(file.name)
            target, number = posixpath.join(folder, file.name), 1
            while self._session.has(target):
                number += 1
                target = posixpath.join(folder, b"%s.%d%s" % (stem, number, suffix))
            try:
                self._session.rename(posixpath.join(base, file.name), target)
            except FileNotFoundError:
                return False
            return True

    # === WRITING === #

    def make_folder(self, folder):
        """Make a folder below that of the address, and those that lead to it; one that is there is left as it is.

        :param str folder: relative, with slashes.
        :return: its whole path, as :meth:`put` takes it.
        :rtype: str
        """
        if folder.startswith("/") or ".." in folder.split("/"):
            raise ValueError(f"{folder!r} leads out of the folder.")
        with self._explained(f"make the folder {folder}"):
            return self._ensure_folders(folder).decode()

    def put(self, name, content, folder=None):
        """Upload a file: under a temporary name, checked for its size, then renamed. Never over another file.

        A receiver that polls the folder sees the whole file or none.

        :param str name: of the file, without a folder.
        :param bytes content: all of it.
        :param str folder: by default that of the address.
        :raise FinalError: ``remote_file_exists``, nothing was written; or the server refuses it for good.
        :raise RetryableError: nothing reached the receiver; the same call may be made again.
        :raise UnknownOutcomeError: the last step was asked for and its answer is missing.
        """
        if posixpath.basename(name) != name or name in ("", ".", "..") or "\0" in name:
            raise ValueError(f"{name!r} is no file name.")
        target = self._path(folder or self._address.folder, name.encode())
        temporary = target + UPLOAD_SUFFIX.encode()
        deadline = time.monotonic() + self._total_seconds
        with self._explained(f"write {name}"):
            self._refuse_existing(target, name)
            with self._session.open(temporary, "wb") as stream:
                stream.set_pipelined(True)
                for start in range(0, len(content), _CHUNK_BYTES):
                    stream.write(content[start : start + _CHUNK_BYTES])
                    if time.monotonic() > deadline:
                        raise TimeoutError
            # Before the rename: afterwards the receiver may have taken the file away already.
            size = self._session.stat(temporary).st_size
            if size != len(content):
                raise RetryableError(
                    f"The server holds {size} of the {len(content)} bytes of {name}; it was not handed over.",
                    code="sftp_incomplete",
                )
        try:
            with self._explained(f"hand over {name}"):
                self._session.rename(temporary, target)
        except RetryableError as error:
            raise UnknownOutcomeError(
                f"{name} was uploaded; whether it was handed over is not known: {error.message}",
                code="sftp_rename_unknown",
                next_step="Look at the folder of the server, or ask the bank, before it is sent again.",
            ) from error
        except FinalError:
            with self._explained(f"hand over {name}"):
                self._refuse_existing(target, name)
            raise

    def withdraw(self, name, folder=None):
        """Take back an upload that was not handed over, by removing its temporary file.

        :param str name: as given to :meth:`put`.
        :param str folder: by default that of the address.
        :return: whether it was there to be removed. Then the rename has not happened, and none can happen any more.
        :rtype: bool
        """
        path = self._path(folder or self._address.folder, name.encode()) + UPLOAD_SUFFIX.encode()
        with self._explained(f"take back {name}"):
            try:
                self._session.remove(path)
            except FileNotFoundError:
                return False
            return True

    def _refuse_existing(self, target, name):
        if self._session.has(target):
            raise FinalError(
                f"The server has a file named {name} already; it was left as it is.",
                "remote_file_exists",
                next_step="Find out what that file is before this one is sent under another name.",
            )

    # === HELPERS === #

    def _ensure_folders(self, relative):
        folder = self._path(self._address.folder)
        for part in filter(None, relative.split("/")):
            folder = posixpath.join(folder, part.encode())
            self._session.ensure_folder(folder)
        return folder

    def _path(self, folder, name=None):
        folder = folder.encode()
        return posixpath.join(folder, name) if name is not None else folder

    def _explained(self, what):
        return _explained(f"{self._address.host}: {what}", self._is_cut)

    def _is_cut(self):
        """:return: whether the connection is gone: paramiko reports that like a refusal of the server"""
        return self._session is not None and (
            self._session.get_channel().closed or not self._transport.is_active()
        )


class _Session(paramiko.SFTPClient):
    """Paramiko's session, with names as bytes: one that is no UTF-8 must not hide all the others."""

    def regular_files(self, path):
        kind, message = self._request(paramiko.sftp.CMD_OPENDIR, path)
        if kind != paramiko.sftp.CMD_HANDLE:
            raise paramiko.SFTPError("no handle for the folder")
        handle = message.get_binary()
        found, count = [], 0
        while True:
            try:
                _kind, message = self._request(paramiko.sftp.CMD_READDIR, handle)
            except EOFError:
                # The end of the folder; that of the connection is an SSHException.
                self._request(paramiko.sftp.CMD_CLOSE, handle)
                return found
            for _number in range(message.get_int()):
                name, _long = message.get_binary(), message.get_binary()
                attributes = paramiko.SFTPAttributes._from_msg(message)
                count += 1
                if count > _MAX_ENTRIES:
                    raise FinalError(
                        f"The folder holds more than {_MAX_ENTRIES} entries.",
                        "sftp_folder_full",
                        next_step="Have the bank or an administrator clear the folder.",
                    )
                # A server that answers with a path would choose what we touch.
                if b"/" not in name and stat.S_ISREG(attributes.st_mode or 0):
                    found.append(
                        RemoteFile(name, attributes.st_size or 0, attributes.st_mtime or 0)
                    )

    def has(self, path):
        try:
            self.lstat(path)
        except FileNotFoundError:
            return False
        return True

    def ensure_folder(self, path):
        """Make a folder, or find it there; a link in its place could lead anywhere."""
        try:
            mode = self.lstat(path).st_mode
        except FileNotFoundError:
            self.mkdir(path)
            return
        if not stat.S_ISDIR(mode):
            raise NotADirectoryError(errno.ENOTDIR, "there is something that is no folder", path)


def _connect(address, allow_private, seconds):
    sock = socket.create_connection((address.host, address.port), timeout=seconds)
    try:
        reason = address_refusal(sock.getpeername()[0], allow_private=allow_private, encrypted=True)
        if reason:
            raise FinalError(
                f"The connection to {address.host} was refused: {reason}.",
                "sftp_address_refused",
                next_step="Correct the address, or allow private addresses on the connection.",
            )
        transport = paramiko.Transport(sock)
    except BaseException:
        sock.close()
        raise
    transport.set_log_channel(_LOG_CHANNEL)
    transport.banner_timeout = transport.auth_timeout = transport.channel_timeout = seconds
    transport.handshake_timeout = seconds
    return transport


def _host_key(transport):
    key = transport.get_remote_server_key()
    return HostKey(key.get_name(), key.fingerprint)


def _load_key(text):
    for key_class in _KEY_CLASSES:
        try:
            return key_class.from_private_key(io.StringIO(text))
        except paramiko.PasswordRequiredException as error:
            raise FinalError(
                "The private key is protected by a passphrase.",
                "sftp_key_unusable",
                next_step="Remove the passphrase (ssh-keygen -p); the vault encrypts the key.",
            ) from error
        except (paramiko.SSHException, ValueError, IndexError):
            continue
    raise FinalError(
        "The private key cannot be read.",
        "sftp_key_unusable",
        next_step="Enter the private key of an Ed25519, ECDSA or RSA pair, in OpenSSH or PEM form.",
    )


@contextmanager
def _explained(what, is_cut=lambda: False):
    """Turn what paramiko and the network raise into a classed error.

    Reading and renaming within the other side may be tried again; what may not says so itself.

    :param str what: was being done
    :param is_cut: says whether the connection is gone
    """
    try:
        yield
    except FinanceError:
        raise
    except paramiko.AuthenticationException as error:
        raise FinalError(
            f"The server refuses the login ({what}).",
            "sftp_login_refused",
            next_step="Check the user in the address, and the password or private key of the connection.",
        ) from error
    except TimeoutError as error:
        raise RetryableError(f"No answer came in time ({what}).", code="sftp_timeout") from error
    except (EOFError, ConnectionError, socket.gaierror) as error:
        raise RetryableError(
            f"The server cannot be reached, or the connection broke ({what}).", code="sftp_connect"
        ) from error
    except paramiko.SSHException as error:
        raise RetryableError(
            f"The server does not answer as an SSH server should ({what}): {error}",
            code="sftp_protocol",
        ) from error
    except OSError as error:
        if error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH) or is_cut():
            raise RetryableError(
                f"The server cannot be reached ({what}).", code="sftp_connect"
            ) from error
        raise FinalError(
            f"The server refuses it ({what}): {error.strerror or error}",
            "sftp_refused",
            next_step="Check that the folder exists and that this user may read, write and rename there.",
        ) from error
    except paramiko.SFTPError as error:
        raise RetryableError(
            f"The server's answer cannot be understood ({what}): {error}", code="sftp_protocol"
        ) from error
