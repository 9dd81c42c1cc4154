import os
from contextlib import contextmanager

from odoo import api, models

from odoo.addons.finance_connector_base.tools.errors import (
    FinalError,
    RetryableError,
    UnknownOutcomeError,
)
from odoo.addons.finance_connector_base.tools.sftp_client import UPLOAD_SUFFIX


class FinanceAdapterFolder(models.AbstractModel):
    """Payment files into a folder that another program carries to the bank."""

    _name = "finance.adapter.folder"
    _inherit = ["treasury.payment.drop", "finance.adapter.folder"]

    @api.model
    @contextmanager
    def _open_payment_drop(self, document):
        base = self._folder(document.exchange_id.connection_id)
        folder = (base / (document.channel_id.outbox_folder or "")).resolve()
        if not folder.is_relative_to(base):
            raise FinalError(
                f"{folder} is not below the folder of the connection.", code="folder_not_allowed"
            )
        if not folder.is_dir():
            raise RetryableError(
                f"The folder {folder} does not exist.",
                code="folder_unreadable",
                next_step="Create the folder, or correct it on the payment channel.",
            )
        yield _LocalDrop(folder)


class _LocalDrop:
    def __init__(self, folder):
        self._folder = folder

    def put(self, name, content):
        target, part = self._folder / name, self._folder / (name + UPLOAD_SUFFIX)
        try:
            if target.exists():
                raise FinalError(
                    f"{self._folder} has a file named {name} already.", code="remote_file_exists"
                )
            _write(part, content)
            part.rename(target)
        except OSError as error:
            raise RetryableError(
                f"{name} cannot be written to {self._folder}: {error.strerror or error}.",
                code="folder_unwritable",
                next_step="Give Odoo's system user the right to write there, or make room.",
            ) from error
        try:
            _flush_folder(self._folder)
        except OSError as error:
            raise UnknownOutcomeError(
                f"{name} was handed over; whether the disk has it is not known.",
                code="folder_unwritable",
            ) from error

    def read(self, name):
        return (self._folder / name).read_bytes()

    def has(self, name):
        return (self._folder / name).exists()

    def withdraw(self, name):
        try:
            (self._folder / (name + UPLOAD_SUFFIX)).unlink()
        except FileNotFoundError:
            return False
        return True


def _write(path, content):
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o640), "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _flush_folder(folder):
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
