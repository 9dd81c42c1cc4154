"""The rules of a profile for one payment of a file."""

import re
from collections import defaultdict
from decimal import Decimal

from stdnum import iso11649
from stdnum.ch import esr
from stdnum.us import rtn

from odoo.addons.finance_connector_base.tools.money import MoneyError, minor_unit_exponent

from .accounts import is_iban

_ACCOUNT = "Correct the recipient's bank account."
_PAYMENT = "Correct the payment."
_NOTHING = Decimal()
_QR_COUNTRIES = ("CH", "LI")

# ISO 20022 ExternalClearingSystemIdentification1Code -> is it such a number, and how it looks.
CLEARING = {
    "USABA": (rtn.is_valid, "an ABA routing number of nine digits"),
    "GBDSC": (re.compile(r"\d{6}").fullmatch, "a sort code of six digits"),
    "CHBCC": (re.compile(r"\d{3,5}").fullmatch, "a Swiss bank number of three to five digits"),
}


class PaymentCheck:
    """The rules of one profile for the payments of one file: each rule goes over all payments of a group.

    A problem is what stands in :class:`Violation`: tag, value, rule and remedy.

    :param Rules rules: of the profile.
    """

    def __init__(self, rules):
        self.rules = rules

    def problems(self, payments, amounts, group_bearer):
        """Return what is wrong with payments.

        :param Payment payments: of one group, as they stand in the file, side by side.
        :param list[Decimal] amounts: theirs.
        :param str group_bearer: the charge bearer of the group.
        :return: problems of each payment that has some, by its place in the group
        :rtype: dict[int, list[tuple[str, str, str, str]]]
        """
        found = defaultdict(list)
        for problems in (
            self._amounts(payments, amounts),
            self._parties(payments),
            self._accounts(payments),
            self._agents(payments),
            self._addresses(payments),
            _mandates(payments),
            self._bearers(payments, group_bearer),
            self._remittances(payments),
        ):
            for row, problem in problems:
                found[row].append(problem)
        return found

    def _amounts(self, payments, amounts):
        rules = self.rules
        exponents = {currency: _exponent(currency) for currency in set(payments.currency)}
        for row, (amount, currency) in enumerate(zip(amounts, payments.currency, strict=True)):
            if rules.currencies and currency not in rules.currencies:
                known = f"The profile {rules.name} carries {', '.join(rules.currencies)} only."
                yield row, ("InstdAmt/@Ccy", currency, known, "Pay it over another channel.")
            if not _NOTHING < amount <= rules.max_amount:
                told = f"One payment is more than nothing and {rules.max_amount} at most."
                remedy = "Split the payment, or pay it over another channel."
                yield row, ("InstdAmt", payments.amount[row], told, remedy)
            exponent = exponents[currency]
            if exponent is None:
                yield row, ("InstdAmt/@Ccy", currency, "It is no currency in use.", _PAYMENT)
            # Noughts at the end are no decimals.
            elif len(payments.amount[row].rstrip("0").partition(".")[2]) > exponent:
                told = f"{currency} has {exponent} decimals."
                yield row, ("InstdAmt", payments.amount[row], told, _PAYMENT)

    def _parties(self, payments):
        most = self.rules.name_length
        for row, name in enumerate(payments.name):
            tag = f"{payments.other[row]}/Nm"
            if not name.strip():
                told = "A payment names who is paid."
                yield row, (tag, name, told, "Enter the name of the contact.")
            if len(name) > most:
                yield row, (tag, name, f"The profile takes {most} characters.", "Shorten the name.")

    def _accounts(self, payments):
        rules = self.rules
        for row, (iban, number) in enumerate(zip(payments.iban, payments.number, strict=True)):
            if iban:
                wrong = None if is_iban(iban) else ("IBAN", iban, "Its check digits are wrong.")
            elif rules.account == "iban":
                wrong = ("IBAN", number, f"The profile {rules.name} needs an IBAN.")
            elif not re.fullmatch(rules.account_number, number):
                form = f"An account number of this profile has the form {rules.account_number}."
                wrong = ("Othr/Id", number, form)
            else:
                wrong = None
            if wrong:
                name, *what = wrong
                yield row, (f"{payments.other[row]}Acct/Id/{name}", *what, _ACCOUNT)

    def _agents(self, payments):
        wanted, rules = self.rules.agent, self.rules
        banks = zip(
            *(payments.bic, payments.clearing_number, payments.clearing_system, payments.iban),
            strict=True,
        )
        for row, (bic, number, system, iban) in enumerate(banks):
            tag = f"{payments.other[row]}Agt"
            if wanted == "bic" and not bic:
                told = f"The profile {rules.name} needs the BIC of the bank."
                yield row, (f"{tag}/BIC", "", told, _ACCOUNT)
            if wanted == "any" and not (bic or number):
                told = "The bank is named by its BIC or its national number."
                yield row, (tag, "", told, _ACCOUNT)
            # A British or other IBAN says which bank it is.
            if wanted == "clearing" and not (number or iban):
                told = "The bank is named by its national number."
                yield row, (f"{tag}/ClrSysMmbId", "", told, _ACCOUNT)
            if number and system in CLEARING:
                is_valid, words = CLEARING[system]
                if not is_valid(number):
                    told = f"{system} is {words}."
                    yield row, (f"{tag}/ClrSysMmbId/MmbId", number, told, _ACCOUNT)

    def _addresses(self, payments):
        remedy = "Complete the address of the contact."
        addresses = zip(payments.other, payments.address, payments.address_texts, strict=True)
        for row, (other, names, texts) in enumerate(addresses):
            for problem in address_problems(self.rules, other, names, texts, remedy=remedy):
                yield row, problem

    def _bearers(self, payments, group_bearer):
        problems = {
            bearer: choice_problems(self.rules, "ChrgBr", group_bearer or bearer)
            for bearer in set(payments.bearer)
        }
        for row, bearer in enumerate(payments.bearer):
            for problem in problems[bearer]:
                yield row, problem

    def _remittances(self, payments):
        rules = self.rules
        found = zip(
            *(payments.texts, payments.reference_types, payments.reference_values, payments.iban),
            strict=True,
        )
        for row, (texts, kinds, values, iban) in enumerate(found):
            if texts and kinds and not rules.text_beside_reference:
                told = "The profile carries a text or a structured reference, not both."
                yield row, ("RmtInf", texts[0], told, _PAYMENT)
            if len(texts) > 1 or (texts and len(texts[0]) > rules.text_length):
                told = f"The profile carries one text of {rules.text_length} characters."
                yield row, ("RmtInf/Ustrd", texts[0], told, "Shorten the text of the payment.")
            for kind, value in zip(kinds, values, strict=True):
                for problem in _reference(rules, kind, value):
                    yield row, problem
            if kinds or iban.startswith(_QR_COUNTRIES):
                for problem in _qr_iban(iban, kinds[-1] if kinds else ""):
                    yield row, problem


def choice_problems(rules, tag, value):
    """Return what is wrong with a code that the profile has a list for; ``""`` in it means that it may be absent.

    :param Rules rules: of the profile.
    :param str tag: where it stands; its last part names it.
    :param str value: the code.
    """
    allowed = {
        "SvcLvl": rules.service_levels,
        "LclInstrm": rules.local_instruments,
        "ChrgBr": rules.charge_bearers,
    }[tag.rpartition("/")[2]]
    if value in (allowed or ("",)):
        return []
    known = ", ".join(filter(None, allowed)) or "no such code"
    return [
        (
            tag,
            value,
            f"The profile {rules.name} wants {known}.",
            "Change it on the payment channel, or choose another profile.",
        )
    ]


def address_problems(rules, tag, names, texts, *, remedy):
    """Return what is wrong with the address of a party: structured, or hybrid with town and country.

    :param Rules rules: of the profile.
    :param str tag: element of the party.
    :param names: of the elements of the address; None for no address.
    :param texts: theirs.
    :param str remedy: what the person can do.
    """
    if names is None:
        if tag not in rules.address_required:
            return []
        needed = "The profile needs an address with town and country."
        return [(f"{tag}/PstlAdr", "", needed, remedy)]
    found = []
    for name, words in (("TwnNm", "town"), ("Ctry", "country")):
        if not (name in names and texts[names.index(name)]):
            told = f"An address names its {words}: banks take no unstructured ones since November 2026."
            found.append((f"{tag}/PstlAdr/{name}", "", told, remedy))
    if "AdrLine" not in names:
        return found
    parts = list(zip(names, texts, strict=True))
    lines = [text or "" for name, text in parts if name == "AdrLine"]
    if len(lines) > rules.address_lines:
        told = f"Beside town and country the profile takes {rules.address_lines} lines."
        found.append((f"{tag}/PstlAdr/AdrLine", " / ".join(lines), told, remedy))
    said = {text for name, text in parts if name != "AdrLine"}
    for line in said.intersection(lines):
        told = "A line of a hybrid address does not repeat what is structured."
        found.append((f"{tag}/PstlAdr/AdrLine", line, told, remedy))
    return found


def _exponent(currency):
    try:
        return minor_unit_exponent(currency)
    except MoneyError:
        return None


def _mandates(payments):
    mandates = zip(payments.other, payments.mandate, payments.signed_on, strict=True)
    for row, (other, reference, signed_on) in enumerate(mandates):
        if other == "Cdtr":
            continue
        for name, value, words in (
            ("MndtId", reference, "the reference"),
            ("DtOfSgntr", signed_on, "the date of signature"),
        ):
            if not value:
                told = f"A direct debit names {words} of its mandate."
                yield row, (f"MndtRltdInf/{name}", "", told, "Complete the mandate of the payer.")


def _reference(rules, kind, value):
    tag = "RmtInf/Strd/CdtrRefInf/Ref"
    if kind not in rules.references:
        known = ", ".join(rules.references) or "none"
        yield tag, kind, f"The profile carries these types of references: {known}.", _PAYMENT
    valid = {"SCOR": iso11649.is_valid, "QRR": lambda text: len(text) == 27 and esr.is_valid(text)}
    if kind in valid and not valid[kind](value):
        yield tag, value, f"The check digits of this {kind} reference are wrong.", _PAYMENT


def _qr_iban(iban, kind):
    """A Swiss QR-IBAN (institutions 30000 to 31999) and a QR reference go together."""
    is_qr = iban.startswith(_QR_COUNTRIES) and "30000" <= iban[4:9] <= "31999"
    if is_qr and kind != "QRR":
        yield (
            "RmtInf/Strd/CdtrRefInf/Ref",
            "",
            "An account that begins as a QR-IBAN is paid with its QR reference.",
            "Enter the reference of the bill, or pay the recipient's other account.",
        )
    if kind == "QRR" and not is_qr:
        yield (
            "CdtrAcct/Id/IBAN",
            iban,
            "A QR reference goes to a QR-IBAN.",
            "Pay the QR-IBAN that the bill names.",
        )
