"""A payment file against the official XSD and the rules of its profile: what the bank would refuse, seen before anybody
approves it. The bytes are judged, whoever wrote them.
"""

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import filterfalse

from lxml import etree
from stdnum.iso7064 import mod_97_10

from odoo.addons.finance_connector_base.tools.safe_xml import XmlRefusedError, local_name, parse

from . import payment_schema, profiles
from .accounts import is_iban
from .charset import CHARSETS
from .payment_instruction_rules import PaymentCheck, address_problems, choice_problems
from .payment_texts import Node, read_address, read_all
from .violations import Violation, refuse

_LARGEST = 256 * 1024 * 1024
# EPC132-08, chapter 1.4: no slash at either end, no two in a row.
_IDENTIFIER = re.compile(r"(?!/)(?!.*//)[A-Za-z0-9+?/\-:().,' ]{1,35}(?<!/)")


def validate(version, content, profile):
    """Prove that a bank takes ``content``.

    :param Version version: of the message.
    :param bytes content: the file.
    :param Profile profile: of the bank.
    :raise BusinessError: ``payment_file_invalid``, naming each tag, its value, the rule and what to do.
    """
    rules = profiles.find(profile.code, profile.options)
    try:
        root = parse(content, max_bytes=_LARGEST)
    except XmlRefusedError as error:
        refuse([_whole("Document", "", f"It cannot be read as XML: {error.message}")])
    if root.tag != f"{{{version.namespace}}}Document" or not len(root):
        refuse([_whole("Document", root.tag, f"The channel sends {version.code}.")])
    # The schema is judged by a library that needs no Python for it, meanwhile.
    with ThreadPoolExecutor(1) as meanwhile:
        judged = meanwhile.submit(payment_schema.violations, version.code, root)
        try:
            violations = ProfileCheck(version, rules).run(root[0])
        finally:
            # It speaks first: the rules need not make sense of what breaks it.
            refuse(judged.result())
    refuse(violations)


def _whole(tag, value, rule):
    return Violation(
        tag=tag, value=value, rule=rule, remedy="Look at format and profile of the payment channel."
    )


class ProfileCheck:
    """The rules of one profile over one message."""

    def __init__(self, version, rules):
        self.version = version
        self.rules = rules
        self.violations = []
        self._payments = PaymentCheck(rules)
        self._identifiers = {"InstrId": [], "EndToEndId": []}

    def run(self, initiation):
        """:return: what the profile does not allow
        :rtype: list[Violation]
        """
        message = Node(initiation)
        if self.version.code not in self.rules.formats:
            self.add(
                "Document",
                self.version.code,
                f"The profile {self.rules.name} is for {', '.join(self.rules.formats)}.",
                "Choose another format or profile on the payment channel.",
            )
        header = message.child("GrpHdr")
        groups = [Node(element) for element in message.all("PmtInf")]
        self._identifier("GrpHdr/MsgId", header.text("MsgId"))
        amounts = [amount for group in groups for amount in self._group(group)]
        self._totals("GrpHdr", header, amounts)
        self._unlike(groups)
        self._unique("PmtInfId", [group.text("PmtInfId") for group in groups])
        for tag, values in self._identifiers.items():
            self._unique(tag, values)
        self._characters(initiation)
        return self.violations

    def add(self, tag, value, rule, remedy, subject=""):
        self.violations.append(
            Violation(tag=tag, value=value, rule=rule, remedy=remedy, subject=subject)
        )

    def _add_all(self, problems, subject=""):
        for problem in problems:
            self.add(*problem, subject)

    # === GROUPS === #

    def _group(self, group):
        """Check a ``PmtInf``.

        :return: the amounts in it
        """
        rules = self.rules
        self._identifier("PmtInfId", group.text("PmtInfId"))
        kind = group.child("PmtTpInf")
        for tag in ("SvcLvl", "LclInstrm"):
            self._add_all(choice_problems(rules, f"PmtTpInf/{tag}", kind.text(tag, "Cd")))
        own = "Cdtr" if group.text("PmtMtd") == "DD" else "Dbtr"
        iban = group.text(f"{own}Acct", "Id", "IBAN")
        if iban and not is_iban(iban):
            self.add(
                f"{own}Acct/Id/IBAN",
                iban,
                "Its check digits are wrong.",
                "Correct the account of the bank journal.",
            )
        address, texts = read_address(group.child(own))
        self._add_all(
            address_problems(
                rules, own, address, texts, remedy="Complete the address of the company."
            )
        )
        if own == "Cdtr":
            self._collection(group)
        bearer = group.text("ChrgBr")
        payments = read_all(group.element)
        amounts = list(map(Decimal, payments.amount))
        problems = self._payments.problems(payments, amounts, bearer)
        for row in sorted(problems):
            reference, name = payments.end_to_end_id[row], payments.name[row]
            self._add_all(problems[row], f"Payment {reference or ''} ({name})")
        for name, values in (
            ("InstrId", payments.instruction_id),
            ("EndToEndId", payments.end_to_end_id),
        ):
            self._identifiers[name] += (value for value in values if value is not None)
        self._totals("PmtInf", group, amounts)
        return amounts

    def _collection(self, group):
        """What the collection of direct debits needs of its group."""
        if not group.text("PmtTpInf", "SeqTp"):
            self.add(
                "PmtTpInf/SeqTp",
                "",
                "A direct debit says whether it is the first, one of many, the last or the only one.",
                "Complete the mandates.",
            )
        identifier = group.text("CdtrSchmeId", "Id", "PrvtId", "Othr", "Id")
        if not is_creditor_identifier(identifier):
            self.add(
                "CdtrSchmeId",
                identifier,
                "A SEPA direct debit has a creditor identifier with right check digits.",
                "Enter the creditor identifier of the company.",
            )

    def _totals(self, tag, node, amounts):
        total = sum(amounts, Decimal())
        for name, declared, found in (
            ("NbOfTxs", node.text("NbOfTxs"), str(len(amounts))),
            ("CtrlSum", node.text("CtrlSum"), format(total, "f")),
        ):
            if not declared or Decimal(declared) != Decimal(found):
                self.add(
                    f"{tag}/{name}",
                    declared,
                    f"The payments below it make {found}.",
                    "Do not send this file: generate it again.",
                )

    def _unlike(self, groups):
        """One ``PmtInf`` for each date, account and type of payment."""
        heads = Counter()
        for group in groups:
            parts = []
            for element in group.element:
                name = local_name(element)
                if name in payment_schema.TRANSACTIONS:
                    break
                if name not in ("PmtInfId", "NbOfTxs", "CtrlSum"):
                    parts.append((name, "".join(element.itertext())))
            heads[tuple(parts)] += 1
        if repeated := sum(count > 1 for count in heads.values()):
            self.add(
                "PmtInf",
                str(repeated),
                "Payments of one date, account and type belong in one group.",
                "Generate the file again.",
            )

    # === ANYWHERE === #

    def _identifier(self, tag, value):
        if not _IDENTIFIER.fullmatch(value):
            self.add(
                tag,
                value,
                "An identification has 1 to 35 Latin characters, no slash at an end and no two in a row.",
                "Shorten the name of the order's sequence to Latin letters and digits.",
            )

    def _unique(self, tag, values):
        for value in filterfalse(_IDENTIFIER.fullmatch, values):
            self._identifier(tag, value)
        for value, count in Counter(values).items():
            if count > 1:
                self.add(
                    tag,
                    value,
                    f"It stands {count} times in the file, and means one payment.",
                    "Do not send this file: generate it again.",
                )

    def _characters(self, initiation):
        charset = CHARSETS[self.rules.charset]
        if not charset.outside(etree.tostring(initiation, method="text", encoding="unicode")):
            return
        for element in initiation.iter():
            outside = charset.outside(element.text or "")
            if outside:
                self.add(
                    payment_schema.tag(element),
                    element.text,
                    f"The bank does not take {outside}.",
                    "Write it in Latin letters.",
                    payment_schema.subject(element),
                )


def is_creditor_identifier(text):
    """Return whether ``text`` is a SEPA creditor identifier (EPC262-08); its business code is not checked."""
    compact = text.replace(" ", "").upper()
    return bool(
        re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{3}[A-Z0-9]{1,28}", compact)
    ) and mod_97_10.is_valid(compact[7:] + compact[:4])
