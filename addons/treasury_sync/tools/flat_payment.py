"""Payment files of fixed records: fields of a fixed length, and what they have in common with any payment."""

import re

from odoo.addons.finance_connector_base.tools.money import MoneyError, to_minor_units

from . import profiles
from .charset import CHARSETS, LostTextError
from .documents import CREDIT_TRANSFER, DIRECT_DEBIT
from .formats import PaymentFormat, register
from .payment_instruction_rules import CLEARING
from .violations import Violation, refuse

_CHANNEL = "Complete the choices of the profile on the payment channel: sender."
_PAYMENT = "Correct the payment, or pay it over another channel."
_ACCOUNT = "Correct the recipient's bank account."


class FlatWriter:
    """Fields of one file; what does not fit is collected, and refused at the end.

    :ivar subject: the payment that is written, for messages.
    """

    def __init__(self, rules):
        self.rules = rules
        self.violations = []
        self.subject = ""
        self._charset = CHARSETS[rules.charset]

    def finish(self, lines, ending):
        """:return: the file
        :rtype: bytes
        :raise BusinessError: ``payment_file_invalid``
        """
        refuse(self.violations)
        return "".join(line + ending for line in lines).encode("ascii")

    def add(self, tag, value, rule, remedy):
        self.violations.append(
            Violation(tag=tag, value=value, rule=rule, remedy=remedy, subject=self.subject)
        )

    # === FIELDS === #

    def text(self, tag, value, length):
        """A text in the profile's characters, cut to the field."""
        try:
            return self._charset.fit(value or "")[:length].ljust(length)
        except LostTextError as error:
            self.add(
                tag,
                value,
                f"The bank's characters cannot carry {error.lost}.",
                "Write it in Latin letters.",
            )
            return " " * length

    def name(self, tag, value, length):
        """A name that may not be missing."""
        found = self.text(tag, value, length)
        if not found.strip():
            self.add(tag, value or "", "It may not be empty.", "Enter the name of the contact.")
        return found

    def sender(self, name, form, words, default=""):
        """What the channel says of us.

        :param str form: regular expression of it.
        """
        value = self.rules.sender.get(name) or default
        if not re.fullmatch(form, value, re.ASCII):
            self.add(f"sender/{name}", value, f"The format needs it: {words}.", _CHANNEL)
        return value

    def cents(self, item):
        """The amount in the smallest unit of its currency.

        :rtype: int
        """
        if self.rules.currencies and item.currency not in self.rules.currencies:
            known = ", ".join(self.rules.currencies)
            self.add("currency", item.currency, f"The format carries {known} only.", _PAYMENT)
            return 0
        try:
            units = to_minor_units(item.amount, item.currency)
        except (MoneyError, ArithmeticError):
            units = 0
        if not 0 < units <= to_minor_units(self.rules.max_amount, item.currency):
            self.add(
                "amount",
                str(item.amount),
                f"A payment is more than nothing, {self.rules.max_amount} at most, in whole cents.",
                _PAYMENT,
            )
        return units

    def bank(self, tag, account, remedy=_ACCOUNT):
        """The number of an account's bank in the profile's clearing system."""
        is_valid, words = CLEARING[self.rules.clearing_system]
        number = _domestic(account)[0] or ""
        if not is_valid(number):
            self.add(tag, number, f"It is {words}.", remedy)
        return number

    def account(self, tag, account, remedy=_ACCOUNT):
        """An account number of the form that the profile has."""
        number = _domestic(account)[1] or ""
        if not re.fullmatch(self.rules.account_number, number):
            self.add(
                tag,
                account.identifier,
                f"An account number of this profile has the form {self.rules.account_number}.",
                remedy,
            )
        return number

    def kind(self, order):
        """Refuse an order that goes the other way than the profile."""
        if order.kind != self.rules.kind:
            self.add(
                "profile",
                self.rules.code,
                f"The profile {self.rules.name} does not carry it.",
                "Choose another profile on the payment channel.",
            )

    def message(self, item, length):
        """What a payment is for: its references, then its text."""
        parts = [reference.value for reference in item.references]
        parts += [item.remittance] if item.remittance else []
        return self.text("remittance", " ".join(parts), length)


def _domestic(account):
    """:return: number of the bank and of the account; a British IBAN is made of the two"""
    iban = account.iban or ""
    if iban.startswith("GB"):
        return iban[8:14], iban[14:22]
    return account.agent.clearing_number, account.other_id


class FlatCheck:
    """Records of a file that is read back, line by line."""

    def __init__(self, rules):
        self.rules = rules
        self.violations = []

    def lines(self, content, ending):
        """:return: the records; none where the file is none of the format"""
        try:
            text = content.decode("ascii")
        except UnicodeDecodeError:
            self.differ("file", "", "The format is plain ASCII")
            return []
        if not text.endswith(ending):
            self.differ("file", text[-10:], "The last record ends with a line end")
            return []
        charset = CHARSETS[self.rules.charset]
        records = text.removesuffix(ending).split(ending)
        for number, record in enumerate(records, start=1):
            if outside := charset.outside(record):
                self.differ(f"line {number}", outside, "The bank does not take these characters")
        return records

    def differ(self, tag, value, rule):
        self.violations.append(
            Violation(
                tag=tag,
                value=value,
                rule=f"{rule}.",
                remedy="Do not send this file: generate it again.",
            )
        )

    def same(self, tag, declared, found):
        """Compare a control field with what the records before it make."""
        if declared != found:
            self.differ(tag, declared, f"The records make {found}")


def offer(writer, check, *, code, name, extension):
    """Register a format of fixed records, for both kinds of orders.

    :param type writer: a :class:`FlatWriter` with ``write(order)``.
    :param type check: a :class:`FlatCheck` with ``run(content)``.
    :rtype: PaymentFormat
    """

    def write(order, profile):
        return writer(profiles.find(profile.code, profile.options)).write(order)

    def validate(content, profile):
        found = check(profiles.find(profile.code, profile.options))
        found.run(content)
        refuse(found.violations)

    return register(
        PaymentFormat(
            code=code,
            name=name,
            kinds=frozenset({CREDIT_TRANSFER, DIRECT_DEBIT}),
            write=write,
            validate=validate,
            extension=extension,
            content_type="text/plain",
        )
    )
