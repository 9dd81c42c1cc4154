"""Elements that the ISO 20022 payment initiation messages share, in the names of each version.

The same order gives the same bytes. Identifications, account numbers and amounts are written as they are; names and
texts are fitted to the profile's characters and length. What is written is judged by ``payment_schema`` and
``payment_rules``; only what can no longer be seen in the file is refused here: text that its characters would lose.
"""

from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from functools import partial

from lxml import etree
from stdnum import iso11649

from . import payment_rules, profiles
from .charset import CHARSETS, LostTextError
from .formats import PaymentFormat, register
from .violations import Violation, refuse

_ADDRESS = (
    ("StrtNm", "street", 70),
    ("BldgNb", "building_number", 16),
    ("PstCd", "postcode", 16),
    ("TwnNm", "town", 35),
    ("CtrySubDvsn", "subdivision", 35),
    ("Ctry", "country", 2),
)
_LINE = 70
#: Types of references that are codes of ISO 20022; others are agreed ones.
_REFERENCE_CODES = frozenset({"SCOR", "RADM", "RPIN", "FXDR", "DISP", "PUOR"})
_IN_TEXT = "Write the text of the payment in Latin letters."
_IN_MASTER_DATA = (
    "Write it in Latin letters: a name as holder of the bank account, an address on the contact."
)


@dataclass(frozen=True)
class Version:
    """How a version of a message names what all have.

    :ivar code: e.g. ``pain.001.001.09``.
    :ivar modern: versions of 2019 and later: ``BICFI``, ``AnyBIC``, ``LEI``, ``UETR``, a choice of date and time.
    """

    code: str
    modern: bool

    @property
    def namespace(self):
        return f"urn:iso:std:iso:20022:tech:xsd:{self.code}"

    @property
    def bic(self):
        return "BICFI" if self.modern else "BIC"


class PaymentWriter:
    """Writes one message of one version after the rules of one profile.

    :cvar root_tag: element of the message.
    :cvar kind: kind of orders that it carries.
    :cvar label: for people.
    """

    root_tag = kind = label = ""

    def __init__(self, version, rules):
        self.version = version
        self.rules = rules
        self.violations = []
        self._charset = CHARSETS[rules.charset]
        self._subject = ""
        self._bearers = set()
        self._default_bearer = ""

    def document(self, order):
        """Write the message around ``content``, which the writer of each message defines.

        :rtype: bytes
        :raise BusinessError: ``payment_file_invalid``
        """
        # Said once, as it will stand there: names that carry it would cost a third of the time of writing.
        root = etree.Element("Document", xmlns=self.version.namespace)
        self.content(self.element(root, self.root_tag), order)
        refuse(self.violations)
        return b'<?xml version="1.0" encoding="UTF-8"?>\n' + etree.tostring(root, encoding="UTF-8")

    def content(self, initiation, order):
        header = self.element(initiation, "GrpHdr")
        self.text(header, "MsgId", order.message_id)
        self.moment(header, "CreDtTm", order.created_at)
        self.totals(header, order.instructions)
        self.party(header, "InitgPty", order.initiator, address=False)
        for group in order.groups:
            self.group(initiation, group)

    def group(self, parent, group):
        raise NotImplementedError

    # === WHAT BOTH MESSAGES HAVE === #

    def group_head(self, parent, group, method):
        """Open a ``PmtInf``.

        :return: the element and its ``PmtTpInf``, None where it would be empty
        """
        self._subject = ""
        element = self.element(parent, "PmtInf")
        self.text(element, "PmtInfId", group.group_id)
        self.text(element, "PmtMtd", method)
        if group.batch_booking is not None:
            self.text(element, "BtchBookg", "true" if group.batch_booking else "false")
        self.totals(element, group.instructions)
        kind = etree.Element("PmtTpInf")
        self.code(kind, "SvcLvl", group.service_level or next(iter(self.rules.service_levels), ""))
        self.code(
            kind,
            "LclInstrm",
            group.local_instrument or next(iter(self.rules.local_instruments), ""),
        )
        return element, kind

    def charge_bearer(self, group, instruction=None):
        """:return: who pays the charges: of the group where all its payments agree, else of each payment"""
        if instruction is None:
            default = group.charge_bearer or next(iter(self.rules.charge_bearers), "")
            self._bearers = {item.charge_bearer or default for item in group.instructions}
            self._default_bearer = default
            return next(iter(self._bearers)) if len(self._bearers) == 1 else ""
        if len(self._bearers) == 1:
            return ""
        return instruction.charge_bearer or self._default_bearer

    def payment_id(self, parent, instruction):
        element = self.element(parent, "PmtId")
        self.text(element, "InstrId", instruction.instruction_id)
        self.text(element, "EndToEndId", instruction.end_to_end_id)
        if instruction.uetr and self.version.modern and self.rules.uetr:
            self.text(element, "UETR", instruction.uetr)
        self._subject = f"Payment {instruction.end_to_end_id} ({instruction.party.name})"

    def amount(self, parent, instruction, tag="InstdAmt"):
        self.text(parent, tag, format(instruction.amount, "f")).set("Ccy", instruction.currency)

    def totals(self, parent, instructions):
        self.text(parent, "NbOfTxs", str(len(instructions)))
        total = sum((item.amount for item in instructions), Decimal())
        self.text(parent, "CtrlSum", format(total, "f"))

    def moment(self, parent, tag, moment):
        self.text(parent, tag, moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))

    def party(self, parent, tag, party, *, address=True):
        if party is None:
            return
        element = self.element(parent, tag)
        self.text(element, "Nm", self.fit(f"{tag}/Nm", party.name, self.rules.name_length))
        if address and party.address:
            self._address(element, tag, party.address)
        if party.identifications:
            self._identifications(element, party.identifications)

    def account(self, parent, tag, account):
        element = self.element(parent, tag)
        identification = self.element(element, "Id")
        if account.iban:
            self.text(identification, "IBAN", account.iban)
        else:
            other = self.element(identification, "Othr")
            self.text(other, "Id", account.other_id or "")
        if account.type:
            self.code(element, "Tp", account.type)
        if account.currency:
            self.text(element, "Ccy", account.currency)

    def agent(self, parent, tag, agent, *, required=False):
        """Name a bank by what is known of it: BIC, number in a clearing system with name, or both."""
        system = agent.clearing_system or self.rules.clearing_system
        numbered = bool(agent.clearing_number and system)
        if not (agent.bic or numbered or required):
            return
        bank = self.element(self.element(parent, tag), "FinInstnId")
        if agent.bic:
            self.text(bank, self.version.bic, agent.bic)
        if numbered:
            member = self.element(bank, "ClrSysMmbId")
            self.code(member, "ClrSysId", system)
            self.text(member, "MmbId", agent.clearing_number)
            if agent.name and not agent.bic:
                self.text(bank, "Nm", self.fit(f"{tag}/Nm", agent.name, self.rules.name_length))
                if agent.country:
                    self.text(self.element(bank, "PstlAdr"), "Ctry", agent.country)
        elif not agent.bic:
            self.text(self.element(bank, "Othr"), "Id", "NOTPROVIDED")

    def remittance(self, parent, instruction):
        """What the payment is for: references that the scheme carries as such, others and texts as text."""
        structured, texts = [], []
        for reference in instruction.references:
            kind = reference.type or ("SCOR" if iso11649.is_valid(reference.value) else "")
            if kind in self.rules.references:
                structured.append((kind, reference))
            else:
                texts.append(reference.value)
        if instruction.remittance and (not structured or self.rules.text_beside_reference):
            texts.append(instruction.remittance)
        if not (structured or texts):
            return
        element = self.element(parent, "RmtInf")
        # A scheme that carries either carries the text that says what no reference does.
        if texts and (not structured or self.rules.text_beside_reference):
            text = self.fit("RmtInf/Ustrd", " ".join(texts), self.rules.text_length)
            self.text(element, "Ustrd", text)
        for kind, reference in structured:
            found = self.element(self.element(element, "Strd"), "CdtrRefInf")
            sort = self.element(found, "Tp")
            tag = "Cd" if kind in _REFERENCE_CODES else "Prtry"
            self.text(self.element(sort, "CdOrPrtry"), tag, kind)
            if reference.issuer:
                self.text(sort, "Issr", reference.issuer)
            self.text(found, "Ref", reference.value)

    # === PARTS === #

    def _address(self, parent, tag, address):
        complete = address.town and address.country
        if not complete and tag not in self.rules.address_required:
            # No bank takes half of one, and this one wants none.
            return
        element = self.element(parent, "PstlAdr")
        for name, field, length in _ADDRESS:
            if value := getattr(address, field):
                self.text(element, name, self.fit(f"{tag}/PstlAdr/{name}", value, length))
        for line in address.lines:
            self.text(element, "AdrLine", self.fit(f"{tag}/PstlAdr/AdrLine", line, _LINE))

    def _identifications(self, parent, identifications):
        element = self.element(self.element(parent, "Id"), "OrgId")
        others = []
        for found in identifications:
            if found.scheme == "LEI" and self.version.modern:
                self.text(element, "LEI", found.value)
            else:
                others.append(found)
        for found in others:
            other = self.element(element, "Othr")
            self.text(other, "Id", found.value)
            if found.scheme:
                tag = "Cd" if len(found.scheme) == 4 else "Prtry"
                self.text(self.element(other, "SchmeNm"), tag, found.scheme)
            if found.issuer:
                self.text(other, "Issr", found.issuer)

    def element(self, parent, tag):
        return etree.SubElement(parent, tag)

    def text(self, parent, tag, value):
        element = etree.SubElement(parent, tag)
        try:
            element.text = value
        except ValueError:
            self._lost(tag, value, "It has characters that XML cannot say.")
        return element

    def code(self, parent, tag, value):
        """Write a choice by its code; nothing where there is none."""
        if value:
            self.text(self.element(parent, tag), "Cd", value)

    def fit(self, tag, text, length):
        """:return: ``text`` in the profile's characters, cut to ``length``"""
        try:
            return self._charset.fit(text)[:length].rstrip()
        except LostTextError as error:
            self._lost(tag, text, f"The bank's characters cannot carry {error.lost}.")
            return ""

    def _lost(self, tag, value, rule):
        self.violations.append(
            Violation(
                tag=tag,
                value=value,
                rule=rule,
                remedy=_IN_TEXT if "RmtInf" in tag else _IN_MASTER_DATA,
                subject=self._subject,
            )
        )


def offer(writer, *versions):
    """Register the versions of a message as formats.

    :param type writer: a :class:`PaymentWriter`.
    :param Version versions: what it writes.
    :rtype: dict[str, PaymentFormat]
    """
    return {
        version.code: register(
            PaymentFormat(
                code=version.code,
                name=f"{writer.label} ({version.code})",
                kinds=frozenset({writer.kind}),
                write=partial(_write, writer, version),
                validate=partial(payment_rules.validate, version),
            )
        )
        for version in versions
    }


def _write(writer, version, order, profile):
    rules = profiles.find(profile.code, profile.options)
    return writer(version, rules).document(order)
