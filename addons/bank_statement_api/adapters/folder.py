import contextlib
import os
import shutil
import stat
import time
from pathlib import Path

from odoo import api, fields, models

from odoo.addons.finance_connector_base.tools.errors import FinalError, RetryableError

from . import file_drop
from .file_drop import MAX_BYTES, STABLE_SECONDS


class FinanceAdapterFolder(models.AbstractModel):
    """A folder that another program drops files into: pick up, keep, archive.

    Only folders below a root that ``odoo.conf`` names (``[finance] file_roots``) are touched, so that nobody who may
    configure a connection can read the server's own files through it. Symbolic links are not followed.
    """

    _name = "finance.adapter.folder"
    _inherit = "finance.adapter"
    _description = "Adapter of Folders"

    _adapter_label = "Folder"
    _capabilities = frozenset({"pick_up_files"})
    _connection_fields = ("endpoint",)

    @api.model
    def _test_connection(self, connection):
        folder = self._folder(connection)
        return self.env._(
            "%(folder)s can be read and written; %(count)s files wait.",
            folder=folder,
            count=sum(1 for _entry in self._waiting(folder)),
        )

    @api.model
    def _pick_up(self, feed):
        with feed.connection_id._call("pick_up"):
            waiting = sorted(self._waiting(self._folder(feed.connection_id)))

        def archive(path, duplicate):
            try:
                self._archive(path, duplicate)
            except OSError as error:
                raise _unusable(path, error) from error

        wanted = [(_shown(path), path) for path in waiting if feed._wants_file(path.name)]
        yield from file_drop.pick_up(wanted, self._read, archive)

    # === FILE SYSTEM === #

    @api.model
    def _folder(self, connection):
        """The connection's folder, proven to lie below an allowed root.

        :rtype: Path
        :raise FinalError: not configured, not allowed or not usable
        """
        settings = self.env["finance.environment"]._settings()
        roots = [Path(root).resolve() for root in settings.file_roots]
        folder = Path(connection.endpoint or "").resolve()
        if not connection.endpoint or not any(folder.is_relative_to(root) for root in roots):
            raise FinalError(
                f"The folder of {connection.display_name} is not below a root that odoo.conf allows.",
                code="folder_not_allowed",
                next_step="Name a parent of the folder in odoo.conf, section [finance], option file_roots.",
            )
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK) or not folder.is_dir():
            raise RetryableError(
                f"The folder {folder} does not exist or cannot be read and written by Odoo.",
                code="folder_unreadable",
                next_step="Create the folder, or give Odoo's system user the right to read and write it.",
            )
        return folder

    @api.model
    def _waiting(self, folder):
        """Finished files, oldest name first. Files still being written are left for the next round."""
        youngest = time.time() - STABLE_SECONDS
        with os.scandir(folder) as entries:
            for entry in entries:
                if not file_drop.is_finished(entry.name):
                    continue
                with contextlib.suppress(FileNotFoundError):  # another worker archived it
                    if (
                        entry.is_file(follow_symlinks=False)
                        and entry.stat(follow_symlinks=False).st_mtime <= youngest
                    ):
                        yield Path(entry.path)

    @api.model
    def _read(self, path):
        """
        :return: the bytes, or ``None`` when the file went away or is still growing
        :raise FinalError: it is too large, or Odoo may not read it
        """
        try:
            # Not blocking, should it have become a pipe that nobody writes to.
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unusable(path, error) from error
        with os.fdopen(descriptor, "rb") as stream:
            before = os.fstat(descriptor)
            if not stat.S_ISREG(before.st_mode):
                return None
            if before.st_size > MAX_BYTES:
                raise FinalError(
                    f"The file {_shown(path)} has {before.st_size} bytes; the limit is {MAX_BYTES}.",
                    code="file_too_large",
                    next_step="Ask the sender for smaller files, or move this one away to let the others through.",
                )
            content = stream.read()
            after = os.fstat(descriptor)
        unchanged = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
        return content if unchanged and len(content) == after.st_size else None

    @api.model
    def _archive(self, path, duplicate):
        """Move a file out of the way, never over another one.

        Called after the commit: a kill in between leaves the file to be picked up, and recognised, again.

        :raise OSError: it cannot be moved
        """
        day = fields.Date.context_today(self)
        target_folder = path.parent / file_drop.archive_folder(day, duplicate)
        if not target_folder.resolve().is_relative_to(path.parent.resolve()):
            # Whoever drops files must not choose, by a link, where Odoo writes them.
            raise NotADirectoryError(f"{target_folder} leads out of the folder")
        target_folder.mkdir(parents=True, exist_ok=True)
        target = target_folder / path.name
        number = 1
        while target.exists():
            number += 1
            target = target_folder / f"{path.stem}.{number}{path.suffix}"
        with contextlib.suppress(
            FileNotFoundError
        ):  # another worker archived it: it is out of the way
            shutil.move(path, target)


def _shown(path):
    """The name of a file for people and the database: file systems take any bytes."""
    return os.fsencode(path.name).decode(errors="replace")


def _unusable(path, error):
    return FinalError(
        f"The file {_shown(path)} cannot be read or moved: {error.strerror or error}.",
        code="file_unreadable",
        next_step="Give Odoo's system user the right to read and move it, or take it away; the others went through.",
    )
