"""What one fetch over a bank's API brought: the bank's own bodies, page by page, in one document.

The bodies are kept exactly as they came, so that evidence and replay work from the bank's bytes and not from what we
made of them.
"""

import base64
import json
from datetime import date

from . import detect, documents, nextgenpsd2
from .errors import StatementFormatError

FORMAT = "nextgenpsd2.window"
CONTENT_TYPE = "application/vnd.finance.nextgenpsd2-window+json"


def pack(
    account: documents.AccountRef, date_from: date, date_to: date, pages, balances: bytes = b""
) -> bytes:
    """Put the bodies of one window together.

    :param account: the account that was asked for
    :param date_from: first day asked for, included
    :param date_to: last day asked for, included
    :param pages: bodies of the transaction pages, in the order the bank gave them
    :param balances: body of the balances answer, empty where the bank was not asked
    :return: deterministic UTF-8 JSON
    """
    return json.dumps(
        {
            "format": FORMAT,
            "account": {
                "iban": account.iban,
                "other_id": account.other_id,
                "currency": account.currency,
            },
            "date_from": date_from.isoformat(),
            "date_to": date_to.isoformat(),
            "balances": base64.b64encode(balances).decode(),
            "pages": [base64.b64encode(page).decode() for page in pages],
        },
        sort_keys=True,
        indent=0,
    ).encode()


def read(content: bytes, **_options) -> list[documents.Statement]:
    """Map a packed window to the canonical statement.

    :raise StatementFormatError: any page cannot be understood as a whole
    """
    try:
        window = json.loads(content)
        account = documents.AccountRef(
            iban=window["account"]["iban"],
            other_id=window["account"]["other_id"],
            scheme=None,
            currency=window["account"]["currency"],
            bic=None,
            owner_name=None,
        )
        bodies = [base64.b64decode(page, validate=True) for page in window["pages"]]
        balances_body = base64.b64decode(window["balances"], validate=True)
        date_from = date.fromisoformat(window["date_from"])
        date_to = date.fromisoformat(window["date_to"])
    except (KeyError, TypeError, ValueError) as error:
        raise StatementFormatError(
            "The stored answers of the bank cannot be read.", reason=str(error)
        ) from error
    pages = []
    first_entry = 1
    for body in bodies:
        page = nextgenpsd2.page(nextgenpsd2.loads(body), account, first_entry=first_entry)
        first_entry += len(page.transactions) + len(page.bad_entries)
        pages.append(page)
    balances = nextgenpsd2.balances(nextgenpsd2.loads(balances_body)) if balances_body else ()
    return [
        nextgenpsd2.statement(
            account, pages, date_from=date_from, date_to=date_to, balances=balances
        )
    ]


def matches(content: bytes) -> bool:
    """Whether ``content`` is a packed window."""
    # Keys are sorted and short ones come first, so the marker stands near the start unless balances are long.
    return content.startswith(b"{") and f'"format": "{FORMAT}"'.encode() in content


WINDOW = detect.Format(
    code="nextgenpsd2",
    name="NextGenPSD2 window",
    matches=matches,
    read=read,
    content_type=CONTENT_TYPE,
)
