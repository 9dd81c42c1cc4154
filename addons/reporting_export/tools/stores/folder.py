"""Files below a folder."""

import os
import secrets
from pathlib import Path, PurePosixPath

from odoo.addons.finance_connector_base.tools.digest import sha256_hex
from odoo.addons.reporting_export.tools.errors import ObjectDiffersError

from . import CREATED, IDENTICAL


class FolderStore:
    """A folder of the file system; readers see a file when it is whole, or not at all.

    :param Path root: an existing folder.
    """

    def __init__(self, root: Path):
        self._root = root

    def __enter__(self):
        return self

    def __exit__(self, *_exc_info):
        return None

    def put_new(self, path: str, content: bytes, sha256: str) -> str:
        """Create a file.

        :param path: relative, with slashes.
        :raise ObjectDiffersError: another file is there.
        """
        relative = PurePosixPath(path)
        if relative.is_absolute() or ".." in relative.parts:
            raise ValueError(f"{path} leads out of the folder.")
        target = self._root / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_name(f".{target.name}.{secrets.token_hex(8)}.partial")
        with unfinished.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        try:
            # A link is refused where the name is taken; a rename would overwrite.
            os.link(unfinished, target)
        except FileExistsError:
            actual = sha256_hex(target.read_bytes())
            if actual != sha256:
                raise ObjectDiffersError(path, sha256, actual) from None
            return IDENTICAL
        finally:
            unfinished.unlink()
        _sync_folder(target.parent)
        return CREATED


def _sync_folder(folder: Path) -> None:
    """Have the new name survive a power cut as well."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
