"""Files on an SFTP server."""

import posixpath

from odoo.addons.finance_connector_base.tools.digest import sha256_hex
from odoo.addons.finance_connector_base.tools.errors import FinalError, RetryableError
from odoo.addons.finance_connector_base.tools.sftp_client import SftpClient
from odoo.addons.reporting_export.tools.errors import ObjectDiffersError

from . import CREATED, IDENTICAL

_EXISTS = "remote_file_exists"


class SftpStore:
    """The folder that a connection's address leads to; readers see a file when it is whole, or not at all.

    :param SftpClient client: not open yet.
    """

    def __init__(self, client: SftpClient):
        self._client = client
        self._folders: dict[str, str] = {}

    def __enter__(self):
        self._client.__enter__()
        return self

    def __exit__(self, *exc_info):
        self._client.__exit__(*exc_info)

    def put_new(self, path: str, content: bytes, sha256: str) -> str:
        """Create a file.

        :param path: relative, with slashes.
        :raise ObjectDiffersError: another file is there.
        :raise UnknownOutcomeError: the answer to the last step is missing; the next try finds out.
        """
        parent, name = posixpath.split(path)
        if parent not in self._folders:
            self._folders[parent] = self._client.make_folder(parent)
        folder = self._folders[parent]
        try:
            self._client.put(name, content, folder)
        except FinalError as error:
            if error.code != _EXISTS:
                raise
            self._compare(path, folder, name, sha256)
            return IDENTICAL
        return CREATED

    def _compare(self, path, folder, name, sha256):
        wanted = name.encode()
        found = next((file for file in self._client.files(folder) if file.name == wanted), None)
        held = found and self._client.read(found, max_bytes=found.size, folder=folder)
        if held is None:
            raise RetryableError(f"{path} was there and is gone.", code="sftp_changed")
        if sha256_hex(held) != sha256:
            raise ObjectDiffersError(path, sha256, sha256_hex(held))
