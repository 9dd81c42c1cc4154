"""Verification of payee, as the European Payments Council has it (EPC133-24): does the account belong to that name?"""

import difflib

from sandbox.nextgenpsd2 import problem
from sandbox.router import json_response

_CLOSE = 0.75


class Payees:
    """The holders of accounts at other banks, as far as anybody told."""

    def __init__(self, guard):
        self._guard = guard
        self._holders = {}

    def add_routes(self, router):
        """Offer ``/vop/v1/payee-verifications`` and ``/control/payees``."""
        self._guard.add(router, "POST", "/vop/v1/payee-verifications", self._verify)
        router.add("POST", "/control/payees", self._tell)

    def _tell(self, request):
        """Take a list of objects with ``iban`` and ``name``."""
        for item in request.json(list):
            self._holders[item["iban"]] = item["name"]
        return json_response(201, {"payees": len(self._holders)})

    def _verify(self, request):
        body = request.json(dict)
        try:
            name, iban = body["party"]["name"], body["partyAccount"]["iban"]
        except (KeyError, TypeError) as error:
            raise problem(400, "FORMAT_ERROR", f"The request lacks {error}.") from error
        return json_response(200, self._answer(name, self._holders.get(iban)))

    def _answer(self, asked, holder):
        if holder is None:
            return {"partyNameMatch": "NOAP"}
        left, right = _plain(asked), _plain(holder)
        if left == right:
            return {"partyNameMatch": "MTCH"}
        if difflib.SequenceMatcher(None, left, right).ratio() >= _CLOSE:
            return {"partyNameMatch": "CMTC", "matchedName": holder}
        return {"partyNameMatch": "NMTC"}


def _plain(name):
    return "".join(letter for letter in name.casefold() if letter.isalnum())
