"""Verification of payee: whether the bank of an account confirms the name of its holder.

Request and answer are those of the European Payments Council's scheme (EPC133-24, inter-PSP API specifications, version
1.0), which banks offer to their customers in the same form.
"""

import json
from dataclasses import dataclass

from odoo.addons.finance_connector_base.tools.errors import FinalError

PATH = "vop/v1/payee-verifications"
MATCH = "MTCH"
CLOSE_MATCH = "CMTC"
NO_MATCH = "NMTC"
NOT_POSSIBLE = "NOAP"
CODES = (MATCH, CLOSE_MATCH, NO_MATCH, NOT_POSSIBLE)
#: Nobody was asked, or nothing that counts came back. Ours, and never a bank's.
NOT_VERIFIED = "NONE"


@dataclass(frozen=True, slots=True)
class Verification:
    """What a bank says of a name.

    :ivar code: one of :data:`CODES`.
    :ivar name: of the holder, where the bank gives it: with a close match.
    """

    code: str
    name: str = ""


def request(name, iban, bic=None):
    """Return the question.

    :rtype: bytes
    """
    body = {"party": {"name": name}, "partyAccount": {"iban": iban}}
    if bic:
        body["partyAgent"] = {"financialInstitutionId": {"bicfi": bic}}
    return json.dumps(body).encode()


def read(content):
    """Read an answer. Whatever is not clearly one of the four is none.

    :param bytes content: JSON.
    :rtype: Verification
    :raise FinalError: ``payee_answer_unreadable``
    """
    try:
        answer = json.loads(content)
        code, name = answer["partyNameMatch"], answer.get("matchedName")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _unreadable("it is no answer to the question") from error
    if code not in CODES:
        raise _unreadable(f"“{str(code)[:20]}” is none of {', '.join(CODES)}")
    shown = name.strip()[:140] if isinstance(name, str) and code == CLOSE_MATCH else ""
    return Verification(code, shown)


def _unreadable(why):
    return FinalError(
        f"The bank's answer on the payee cannot be read: {why}.", code="payee_answer_unreadable"
    )
