"""The file formats that payment orders can be written in, by code.

A format is a module-level :class:`PaymentFormat` given to :func:`register`; nothing else has to know it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from odoo.addons.finance_connector_base.tools.errors import BusinessError

from .documents import PaymentOrder


@dataclass(frozen=True)
class Profile:
    """What one bank wants of a format: data, edited by people, one for each format and own account.

    :ivar code: names the profile in messages, e.g. ``sepa`` or ``ch_domestic``.
    :ivar options: choices that the writer of the format documents.
    """

    code: str
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class PaymentFormat:
    """A way to write payment orders.

    :ivar code: stable identifier, e.g. ``pain.001.001.09``.
    :ivar name: for people.
    :ivar kinds: kinds of orders it can carry: ``credit_transfer``, ``direct_debit``.
    :ivar write: ``write(order, profile) -> bytes``, the same bytes for the same input; raises
        ``BusinessError`` naming the instruction that the format or profile cannot carry.
    :ivar validate: ``validate(content, profile)`` proves the bytes against the official definition and the
        profile's rules; raises ``BusinessError``.
    :ivar extension: of a file's name, without the dot.
    :ivar content_type: media type.
    """

    code: str
    name: str
    kinds: frozenset[str]
    write: Callable[[PaymentOrder, Profile], bytes]
    validate: Callable[[bytes, Profile], None]
    extension: str = "xml"
    content_type: str = "application/xml"


_FORMATS: dict[str, PaymentFormat] = {}


def register(payment_format):
    """Add a format.

    :raise ValueError: another one has its code.
    """
    if _FORMATS.setdefault(payment_format.code, payment_format) is not payment_format:
        raise ValueError(f"There are two payment formats {payment_format.code}.")
    return payment_format


def find(code):
    """Return the format with this code.

    :rtype: PaymentFormat
    :raise BusinessError: ``payment_format_unknown``
    """
    try:
        return _FORMATS[code]
    except KeyError:
        raise BusinessError(
            "payment_format_unknown",
            f"There is no payment format “{code}”.",
            next_step="Choose another format on the payment channel.",
        ) from None


def choices(kind=None):
    """Return code and name of every format, by code; those that can carry ``kind`` if given."""
    return [
        (code, found.name)
        for code, found in sorted(_FORMATS.items())
        if kind is None or kind in found.kinds
    ]
