"""The rules of a profile for one payment of a file."""

import re
from decimal import Decimal

from stdnum import iso11649
from stdnum.ch import esr
from stdnum.us import rtn

from odoo.addons.finance_connector_base.tools.money import MoneyError, minor_unit_exponent

from .accounts import is_iban

_ACCOUNT = "Correct the recipient's bank account."
_CONTACT = "Complete the address of the contact."
_PAYMENT = "Correct the payment."

# ISO 20022 ExternalClearingSystemIdentification1Code -> is it such a number, and how it looks.
CLEARING = {
    "USABA": (rtn.is_valid, "an ABA routing number of nine digits"),
    "GBDSC": (re.compile(r"\d{6}").fullmatch, "a sort code of six digits"),
    "CHBCC": (re.compile(r"\d{3,5}").fullmatch, "a Swiss bank number of three to five digits"),
}


def check_transaction(check, transaction, group_bearer):
    """Check one payment.

    :param ProfileCheck check: takes what is found.
    :param Node transaction: ``CdtTrfTxInf`` or ``DrctDbtTxInf``.
    :param str group_bearer: the charge bearer of its group.
    :return: its amount
    :rtype: Decimal
    """
    debit = transaction.child("DrctDbtTx")
    collected = bool(transaction.all("InstdAmt"))
    other = "Dbtr" if collected else "Cdtr"
    party = transaction.child(other)
    name = party.text("Nm")
    subject = f"Payment {transaction.text('PmtId', 'EndToEndId')} ({name})"

    def add(tag, value, rule, remedy):
        check.add(tag, value, rule, remedy, subject)

    money = transaction if collected else transaction.child("Amt")
    amount = _amount(check.rules, money, add)
    if not name.strip():
        add(f"{other}/Nm", name, "A payment names who is paid.", "Enter the name of the contact.")
    if len(name) > check.rules.name_length:
        most = check.rules.name_length
        add(f"{other}/Nm", name, f"The profile takes {most} characters.", "Shorten the name.")
    iban = transaction.text(f"{other}Acct", "Id", "IBAN")
    _account(check.rules, transaction, other, iban, add)
    _agent(check.rules, transaction.child(f"{other}Agt", "FinInstnId"), f"{other}Agt", iban, add)
    check.address(other, party, subject, _CONTACT)
    if collected:
        _mandate(debit.child("MndtRltdInf"), add)
    bearer = group_bearer or transaction.text("ChrgBr")
    check.choice("ChrgBr", bearer, check.rules.charge_bearers, subject)
    _remittance(check.rules, transaction.child("RmtInf"), iban, add)
    return amount


def _amount(rules, money, add):
    element = money.all("InstdAmt")[0]
    amount, currency = Decimal(element.text), element.get("Ccy")
    if rules.currencies and currency not in rules.currencies:
        add(
            "InstdAmt/@Ccy",
            currency,
            f"The profile {rules.name} carries {', '.join(rules.currencies)} only.",
            "Pay it over another channel.",
        )
    if not 0 < amount <= rules.max_amount:
        add(
            "InstdAmt",
            element.text,
            f"One payment is more than nothing and {rules.max_amount} at most.",
            "Split the payment, or pay it over another channel.",
        )
    try:
        exponent = minor_unit_exponent(currency)
    except MoneyError:
        add("InstdAmt/@Ccy", currency, "It is no currency in use.", _PAYMENT)
    else:
        if -amount.normalize().as_tuple().exponent > exponent:
            add("InstdAmt", element.text, f"{currency} has {exponent} decimals.", _PAYMENT)
    return amount


def _account(rules, transaction, other, iban, add):
    tag = f"{other}Acct/Id"
    number = transaction.text(f"{other}Acct", "Id", "Othr", "Id")
    if iban:
        if not is_iban(iban):
            add(f"{tag}/IBAN", iban, "Its check digits are wrong.", _ACCOUNT)
    elif rules.account == "iban":
        add(f"{tag}/IBAN", number, f"The profile {rules.name} needs an IBAN.", _ACCOUNT)
    elif not re.fullmatch(rules.account_number, number):
        add(
            f"{tag}/Othr/Id",
            number,
            f"An account number of this profile has the form {rules.account_number}.",
            _ACCOUNT,
        )


def _agent(rules, bank, tag, iban, add):
    bic = bank.text("BICFI") or bank.text("BIC")
    number = bank.text("ClrSysMmbId", "MmbId")
    system = bank.text("ClrSysMmbId", "ClrSysId", "Cd")
    if rules.agent == "bic" and not bic:
        add(f"{tag}/BIC", "", f"The profile {rules.name} needs the BIC of the bank.", _ACCOUNT)
    if rules.agent == "any" and not (bic or number):
        add(tag, "", "The bank is named by its BIC or its national number.", _ACCOUNT)
    # A British or other IBAN says which bank it is.
    if rules.agent == "clearing" and not (number or iban):
        add(f"{tag}/ClrSysMmbId", "", "The bank is named by its national number.", _ACCOUNT)
    if number and system in CLEARING:
        is_valid, words = CLEARING[system]
        if not is_valid(number):
            add(f"{tag}/ClrSysMmbId/MmbId", number, f"{system} is {words}.", _ACCOUNT)


def _mandate(mandate, add):
    for name, words in (("MndtId", "the reference"), ("DtOfSgntr", "the date of signature")):
        if not mandate.text(name):
            add(
                f"MndtRltdInf/{name}",
                "",
                f"A direct debit names {words} of its mandate.",
                "Complete the mandate of the payer.",
            )


def _remittance(rules, remittance, iban, add):
    if not remittance:
        _qr_iban(iban, "", add)
        return
    texts, references = remittance.all("Ustrd"), remittance.all("Strd")
    if texts and references and not rules.text_beside_reference:
        add(
            "RmtInf",
            texts[0].text,
            "The profile carries a text or a structured reference, not both.",
            _PAYMENT,
        )
    if len(texts) > 1 or any(len(text.text) > rules.text_length for text in texts):
        add(
            "RmtInf/Ustrd",
            texts[0].text,
            f"The profile carries one text of {rules.text_length} characters.",
            "Shorten the text of the payment.",
        )
    kind = ""
    for structured in references:
        kind = structured.findtext(".//{*}CdOrPrtry/{*}Cd") or structured.findtext(
            ".//{*}CdOrPrtry/{*}Prtry", ""
        )
        _reference(rules, kind, structured.findtext(".//{*}Ref", ""), add)
    _qr_iban(iban, kind, add)


def _reference(rules, kind, value, add):
    tag = "RmtInf/Strd/CdtrRefInf/Ref"
    if kind not in rules.references:
        known = ", ".join(rules.references) or "none"
        add(tag, kind, f"The profile carries these types of references: {known}.", _PAYMENT)
    valid = {"SCOR": iso11649.is_valid, "QRR": lambda text: len(text) == 27 and esr.is_valid(text)}
    if kind in valid and not valid[kind](value):
        add(tag, value, f"The check digits of this {kind} reference are wrong.", _PAYMENT)


def _qr_iban(iban, kind, add):
    """A Swiss QR-IBAN (institutions 30000 to 31999) and a QR reference go together."""
    is_qr = iban[:2] in ("CH", "LI") and "30000" <= iban[4:9] <= "31999"
    if is_qr and kind != "QRR":
        add(
            "RmtInf/Strd/CdtrRefInf/Ref",
            "",
            "An account that begins as a QR-IBAN is paid with its QR reference.",
            "Enter the reference of the bill, or pay the recipient's other account.",
        )
    if kind == "QRR" and not is_qr:
        add(
            "CdtrAcct/Id/IBAN",
            iban,
            "A QR reference goes to a QR-IBAN.",
            "Pay the QR-IBAN that the bill names.",
        )
