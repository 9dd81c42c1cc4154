"""The bodies of one fetch over an interface, exactly as they came, in one document.

Evidence and replay work from the provider's bytes and not from what we made of them. ``api_window`` is the older form
of the same for NextGenPSD2.
"""

from __future__ import annotations

import base64
import datetime
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .documents import AccountRef
from .errors import StatementFormatError
from .nextgenpsd2 import loads

CONTENT_TYPE = "application/vnd.finance.bank-interface+json"


@dataclass(frozen=True, slots=True)
class Bodies:
    """What was packed.

    :ivar facts: what was asked for, as texts.
    :ivar parts: by name the bodies, in the order they came.
    """

    account: AccountRef
    facts: dict[str, str]
    parts: dict[str, tuple[bytes, ...]] = field(repr=False)

    def documents(self, part: str) -> list[dict]:
        """Return the JSON objects of a part.

        :raise StatementFormatError: one of them is damaged or no object.
        """
        return [loads(body) for body in self.parts.get(part, ())]

    def day(self, name: str) -> datetime.date:
        """Return a fact that is a date.

        :raise StatementFormatError: it is missing or no date.
        """
        try:
            return datetime.date.fromisoformat(self.facts.get(name, ""))
        except ValueError as error:
            raise _unreadable(error) from error


def pack(
    code: str,
    account: AccountRef,
    parts: Mapping[str, Iterable[bytes]],
    **facts: str,
) -> bytes:
    """Put the bodies of one fetch together.

    :param code: of the format that reads them.
    :param account: the account that was asked for.
    :param parts: bodies by name, in the order they came.
    :param facts: what was asked for.
    :return: deterministic UTF-8 JSON that begins with its format.
    """
    document = {
        "format": f"{code}.bodies",
        "account": {
            "iban": account.iban,
            "other_id": account.other_id,
            "currency": account.currency,
        },
        "facts": dict(sorted(facts.items())),
        "parts": {
            name: [base64.b64encode(body).decode() for body in bodies]
            for name, bodies in sorted(parts.items())
        },
    }
    return json.dumps(document, separators=(",", ":")).encode()


def unpack(content: bytes) -> Bodies:
    """Return what :func:`pack` was given.

    :raise StatementFormatError: it is something else, or damaged.
    """
    try:
        document = json.loads(content)
        account = AccountRef(**{name: document["account"][name] for name in _ACCOUNT})
        parts = {
            name: tuple(base64.b64decode(body, validate=True) for body in bodies)
            for name, bodies in document["parts"].items()
        }
        return Bodies(account, dict(document["facts"]), parts)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _unreadable(error) from error


def matches(code: str, content: bytes) -> bool:
    """Say whether ``content`` was packed for the format ``code``."""
    return content.startswith(f'{{"format":"{code}.bodies"'.encode())


_ACCOUNT = ("iban", "other_id", "currency")


def _unreadable(error: Exception) -> StatementFormatError:
    return StatementFormatError("The stored answers of the bank cannot be read.", reason=str(error))
