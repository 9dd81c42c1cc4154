"""The rules of a profile for one payment of a file."""

import functools
import re

from stdnum import iso11649
from stdnum.ch import esr
from stdnum.us import rtn

from odoo.addons.finance_connector_base.tools.money import MoneyError, minor_unit_exponent

from .accounts import is_iban

_ACCOUNT = "Correct the recipient's bank account."
_PAYMENT = "Correct the payment."

# ISO 20022 ExternalClearingSystemIdentification1Code -> is it such a number, and how it looks.
CLEARING = {
    "USABA": (rtn.is_valid, "an ABA routing number of nine digits"),
    "GBDSC": (re.compile(r"\d{6}").fullmatch, "a sort code of six digits"),
    "CHBCC": (re.compile(r"\d{3,5}").fullmatch, "a Swiss bank number of three to five digits"),
}


class PaymentCheck:
    """The rules of one profile for the payments of one file.

    A file names the same people, banks and towns again and again: what is wrong with a part is found once for each that
    is another one. A problem is what stands in :class:`Violation`: tag, value, rule and remedy.

    :param Rules rules: of the profile.
    """

    def __init__(self, rules):
        self.rules = rules
        self._exponent = functools.cache(_exponent)
        self._party = functools.cache(self._find_party)
        self._account = functools.cache(self._find_account)
        self._agent = functools.cache(self._find_agent)
        self._address = functools.cache(
            functools.partial(
                address_problems, rules, remedy="Complete the address of the contact."
            )
        )
        self._bearer = functools.cache(functools.partial(choice_problems, rules, "ChrgBr"))

    def problems(self, payment, amount, group_bearer):
        """Return what is wrong with one payment.

        :param Payment payment: as it stands in the file.
        :param Decimal amount: its amount.
        :param str group_bearer: the charge bearer of its group.
        :rtype: list[tuple[str, str, str, str]]
        """
        other, iban = payment.other, payment.iban
        return [
            *self._find_amount(payment, amount),
            *self._party(other, payment.name),
            *self._account(other, iban, payment.number),
            *self._agent(
                other, payment.bic, payment.clearing_number, payment.clearing_system, bool(iban)
            ),
            *self._address(other, payment.address, payment.address_texts),
            *(_mandate(payment) if payment.collected else ()),
            *self._bearer(group_bearer or payment.bearer),
            *self._find_remittance(payment),
        ]

    def _find_amount(self, payment, amount):
        rules, currency = self.rules, payment.currency
        if rules.currencies and currency not in rules.currencies:
            yield (
                "InstdAmt/@Ccy",
                currency,
                f"The profile {rules.name} carries {', '.join(rules.currencies)} only.",
                "Pay it over another channel.",
            )
        if not 0 < amount <= rules.max_amount:
            yield (
                "InstdAmt",
                payment.amount,
                f"One payment is more than nothing and {rules.max_amount} at most.",
                "Split the payment, or pay it over another channel.",
            )
        exponent = self._exponent(currency)
        if exponent is None:
            yield "InstdAmt/@Ccy", currency, "It is no currency in use.", _PAYMENT
        # Noughts at the end are no decimals.
        elif (
            -amount.as_tuple().exponent > exponent
            and -amount.normalize().as_tuple().exponent > exponent
        ):
            yield "InstdAmt", payment.amount, f"{currency} has {exponent} decimals.", _PAYMENT

    def _find_party(self, other, name):
        most, found = self.rules.name_length, []
        if not name.strip():
            found.append(
                (
                    f"{other}/Nm",
                    name,
                    "A payment names who is paid.",
                    "Enter the name of the contact.",
                )
            )
        if len(name) > most:
            found.append(
                (f"{other}/Nm", name, f"The profile takes {most} characters.", "Shorten the name.")
            )
        return found

    def _find_account(self, other, iban, number):
        rules, tag = self.rules, f"{other}Acct/Id"
        if iban:
            wrong = [] if is_iban(iban) else [("IBAN", iban, "Its check digits are wrong.")]
        elif rules.account == "iban":
            wrong = [("IBAN", number, f"The profile {rules.name} needs an IBAN.")]
        elif not re.fullmatch(rules.account_number, number):
            form = f"An account number of this profile has the form {rules.account_number}."
            wrong = [("Othr/Id", number, form)]
        else:
            wrong = []
        return [(f"{tag}/{name}", value, rule, _ACCOUNT) for name, value, rule in wrong]

    def _find_agent(self, other, bic, number, system, has_iban):
        rules, tag, found = self.rules, f"{other}Agt", []
        if rules.agent == "bic" and not bic:
            found.append((f"{tag}/BIC", "", f"The profile {rules.name} needs the BIC of the bank."))
        if rules.agent == "any" and not (bic or number):
            found.append((tag, "", "The bank is named by its BIC or its national number."))
        # A British or other IBAN says which bank it is.
        if rules.agent == "clearing" and not (number or has_iban):
            found.append((f"{tag}/ClrSysMmbId", "", "The bank is named by its national number."))
        if number and system in CLEARING:
            is_valid, words = CLEARING[system]
            if not is_valid(number):
                found.append((f"{tag}/ClrSysMmbId/MmbId", number, f"{system} is {words}."))
        return [(*problem, _ACCOUNT) for problem in found]

    def _find_remittance(self, payment):
        rules, texts, kinds = self.rules, payment.texts, payment.reference_types
        found = []
        if texts and kinds and not rules.text_beside_reference:
            found.append(
                (
                    "RmtInf",
                    texts[0],
                    "The profile carries a text or a structured reference, not both.",
                    _PAYMENT,
                )
            )
        if len(texts) > 1 or any(len(text) > rules.text_length for text in texts):
            found.append(
                (
                    "RmtInf/Ustrd",
                    texts[0],
                    f"The profile carries one text of {rules.text_length} characters.",
                    "Shorten the text of the payment.",
                )
            )
        for kind, value in zip(kinds, payment.reference_values, strict=True):
            found += _reference(rules, kind, value)
        return [*found, *_qr_iban(payment.iban, kinds[-1] if kinds else "")]


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
    parts = list(zip(names, texts, strict=True))
    found = []
    for name, words in (("TwnNm", "town"), ("Ctry", "country")):
        if not next((text for part, text in parts if part == name), ""):
            told = f"An address names its {words}: banks take no unstructured ones since November 2026."
            found.append((f"{tag}/PstlAdr/{name}", "", told, remedy))
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


def _mandate(payment):
    for name, value, words in (
        ("MndtId", payment.mandate, "the reference"),
        ("DtOfSgntr", payment.signed_on, "the date of signature"),
    ):
        if not value:
            yield (
                f"MndtRltdInf/{name}",
                "",
                f"A direct debit names {words} of its mandate.",
                "Complete the mandate of the payer.",
            )


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
    is_qr = iban[:2] in ("CH", "LI") and "30000" <= iban[4:9] <= "31999"
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
