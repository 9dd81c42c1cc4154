"""Payment files in a folder that the bank takes them from: what SFTP and a local folder have in common.

The sidecar goes first, so that whoever sees the file finds its checksum; the file appears by one rename, and only that
hands it over.
"""

from odoo.addons.finance_connector_base.tools.digest import sha256_hex
from odoo.addons.finance_connector_base.tools.errors import (
    FinalError,
    RetryableError,
    UnknownOutcomeError,
)

SIDECAR_SUFFIX = ".sha256"


def sidecar(name, content):
    """:return: what stands in the checksum file, in the form that ``sha256sum --check`` reads
    :rtype: bytes
    """
    return f"{sha256_hex(content)}  {name}\n".encode()


def hand_over(drop, name, content, *, with_sidecar, beside=None):
    """Put a payment file into a drop.

    :param drop: has ``put(name, content)``, ``read(name)``, ``has(name)`` and ``withdraw(name)``
    :param bool with_sidecar: put its checksum beside it
    :param beside: signatures by name, which go first as well
    :raise UnknownOutcomeError: the bank may have it
    :raise FinanceError: the bank does not have it
    """
    for other, signature in (beside or {}).items():
        _put_beside(drop, other, signature)
    if with_sidecar:
        _put_beside(drop, name + SIDECAR_SUFFIX, sidecar(name, content))
    try:
        drop.put(name, content)
    except FinalError as error:
        if error.code != "remote_file_exists":
            raise
        # No other file ever has this name: it is this one.
        raise UnknownOutcomeError(
            f"{name} is over there already, from an earlier try.", code=error.code
        ) from error


def _put_beside(drop, name, content):
    try:
        drop.put(name, content)
    except FinalError as error:
        if error.code != "remote_file_exists" or drop.read(name) != content:
            raise
    except UnknownOutcomeError as error:
        # A checksum or signature without its file pays nothing.
        raise RetryableError(error.message, code=error.code) from error


def find(drop, name):
    """Find out what became of a payment file whose handing over broke off.

    :return: ``pending`` where it lies in the folder; ``not_found`` where it never appeared there, and cannot any more;
        None where it may have been taken away
    :rtype: str | None
    """
    if drop.has(name):
        return "pending"
    if drop.withdraw(name):
        return "not_found"
    # The rename may have come between the two looks.
    return "pending" if drop.has(name) else None
