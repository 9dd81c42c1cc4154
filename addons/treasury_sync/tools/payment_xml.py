"""Elements that the ISO 20022 payment initiation messages share, in the names of each version.

The same order gives the same bytes. Identifications, account numbers and amounts are written as they are; names and
texts are fitted to the profile's characters and length. What is written is judged by ``payment_schema`` and
``payment_rules``; only what can no longer be seen in the file is refused here: text that its characters would lose.
"""

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from functools import partial
from xml.sax.saxutils import escape

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
# Character data of XML 1.0, chapters 2.2 and 2.4; a carriage return would be read as another line.
_AS_IT_IS = re.compile(r"[^&<>\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]*").fullmatch
_UNSAYABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]").search
_IN_QUOTES = re.compile(r'[^&<>"\x00-\x1f\ud800-\udfff\ufffe\uffff]*').fullmatch
_ESCAPED = {"\r": "&#13;"}
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
        self._fitted = defaultdict(dict)
        self._subject = ""
        self._bearers = set()
        self._default_bearer = ""

    def document(self, order):
        """Write the message around ``content``, which the writer of each message defines.

        :rtype: bytes
        :raise BusinessError: ``payment_file_invalid``
        """
        content = self.element(self.root_tag, *self.content(order))
        refuse(self.violations)
        document = f'<Document xmlns="{self.version.namespace}">{content}</Document>'
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{document}'.encode()

    def content(self, order):
        """:return: the elements of the message, each as it is written, like all that methods here return"""
        header = self.element(
            "GrpHdr",
            self.text("MsgId", order.message_id),
            self.moment("CreDtTm", order.created_at),
            self.totals(order.instructions),
            self.party("InitgPty", order.initiator, address=False),
        )
        return [header, *map(self.group, order.groups)]

    def group(self, group):
        raise NotImplementedError

    # === WHAT BOTH MESSAGES HAVE === #

    def group_head(self, group, method, *kinds):
        """Begin a ``PmtInf``.

        :param str method: how it is paid.
        :param str kinds: what its ``PmtTpInf`` has beside level and instrument.
        :return: its elements up to its type and that type, empty where it would be
        """
        self._subject = ""
        head = (
            self.text("PmtInfId", group.group_id),
            self.text("PmtMtd", method),
            ""
            if group.batch_booking is None
            else self.text("BtchBookg", "true" if group.batch_booking else "false"),
            self.totals(group.instructions),
        )
        level = group.service_level or next(iter(self.rules.service_levels), "")
        instrument = group.local_instrument or next(iter(self.rules.local_instruments), "")
        kind = (
            self.code("SvcLvl", level),
            self.code("LclInstrm", instrument),
            *kinds,
            self.code("CtgyPurp", group.category_purpose),
        )
        return "".join(head), "".join(kind)

    def charge_bearer(self, group, instruction=None):
        """:return: who pays the charges: of the group where all its payments agree, else of each payment"""
        if instruction is None:
            default = group.charge_bearer or next(iter(self.rules.charge_bearers), "")
            self._bearers = {item.charge_bearer or default for item in group.instructions}
            self._default_bearer = default
            bearer = next(iter(self._bearers)) if len(self._bearers) == 1 else ""
        elif len(self._bearers) == 1:
            bearer = ""
        else:
            bearer = instruction.charge_bearer or self._default_bearer
        return self.text("ChrgBr", bearer) if bearer else ""

    def payment_id(self, instruction):
        own = self.text("InstrId", instruction.instruction_id)
        shared = self.text("EndToEndId", instruction.end_to_end_id)
        element = f"<PmtId>{own}{shared}{self.uetr('UETR', instruction)}</PmtId>"
        self._subject = f"Payment {instruction.end_to_end_id} ({instruction.party.name})"
        return element

    def uetr(self, tag, instruction):
        written = instruction.uetr and self.version.modern and self.rules.uetr
        return self.text(tag, instruction.uetr) if written else ""

    def amount(self, instruction, tag="InstdAmt"):
        currency = instruction.currency
        if not _IN_QUOTES(currency):
            currency = self._escaped(f"{tag}/@Ccy", currency).replace('"', "&quot;")
        return f'<{tag} Ccy="{currency}">{instruction.amount:f}</{tag}>'

    def totals(self, instructions):
        total = sum((item.amount for item in instructions), Decimal())
        return self.text("NbOfTxs", str(len(instructions))) + self.text(
            "CtrlSum", format(total, "f")
        )

    def moment(self, tag, moment):
        return self.text(tag, moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))

    def party(self, tag, party, *, address=True):
        if party is None:
            return ""
        name = self.fitted(tag, "Nm", party.name, self.rules.name_length)
        place = self._address(tag, party.address) if address and party.address else ""
        numbers = self._identifications(party.identifications) if party.identifications else ""
        return f"<{tag}>{name}{place}{numbers}</{tag}>"

    def account(self, tag, account):
        if account.iban:
            identification = self.text("IBAN", account.iban)
        else:
            identification = self.element("Othr", self.text("Id", account.other_id or ""))
        kind = self.code("Tp", account.type)
        currency = self.text("Ccy", account.currency) if account.currency else ""
        return f"<{tag}><Id>{identification}</Id>{kind}{currency}</{tag}>"

    def agent(self, tag, agent, *, required=False):
        """Name a bank by what is known of it: BIC, number in a clearing system with name, or both."""
        system = agent.clearing_system or self.rules.clearing_system
        numbered = bool(agent.clearing_number and system)
        if not (agent.bic or numbered or required):
            return ""
        parts = [self.text(self.version.bic, agent.bic)] if agent.bic else []
        if numbered:
            number = self.text("MmbId", agent.clearing_number)
            parts.append(self.element("ClrSysMmbId", self.code("ClrSysId", system), number))
            if agent.name and not agent.bic:
                parts.append(self.fitted(tag, "Nm", agent.name, self.rules.name_length))
                if agent.country:
                    parts.append(self.element("PstlAdr", self.text("Ctry", agent.country)))
        elif not agent.bic:
            parts.append(self.element("Othr", self.text("Id", "NOTPROVIDED")))
        return self.element(tag, self.element("FinInstnId", *parts))

    def remittance(self, instruction):
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
            return ""
        parts = []
        # A scheme that carries either carries the text that says what no reference does.
        if texts and (not structured or self.rules.text_beside_reference):
            text, length = " ".join(texts), self.rules.text_length
            parts.append(self.fitted("RmtInf", "Ustrd", text, length))
        for kind, reference in structured:
            sort = self.text("Cd" if kind in _REFERENCE_CODES else "Prtry", kind)
            found = self.element(
                "CdtrRefInf",
                self.element(
                    "Tp",
                    self.element("CdOrPrtry", sort),
                    self.text("Issr", reference.issuer) if reference.issuer else "",
                ),
                self.text("Ref", reference.value),
            )
            parts.append(self.element("Strd", found))
        return self.element("RmtInf", *parts)

    # === PARTS === #

    def _address(self, tag, address):
        complete = address.town and address.country
        if not complete and tag not in self.rules.address_required:
            # No bank takes half of one, and this one wants none.
            return ""
        where = f"{tag}/PstlAdr"
        parts = [
            self.fitted(where, name, value, length)
            for name, field, length in _ADDRESS
            if (value := getattr(address, field))
        ]
        parts += (self.fitted(where, "AdrLine", line, _LINE) for line in address.lines)
        return self.element("PstlAdr", *parts)

    def _identifications(self, identifications):
        parts, others = [], []
        for found in identifications:
            if found.scheme == "LEI" and self.version.modern:
                parts.append(self.text("LEI", found.value))
            else:
                others.append(found)
        for found in others:
            tag = "Cd" if len(found.scheme or "") == 4 else "Prtry"
            scheme = self.text(tag, found.scheme) if found.scheme else ""
            other = self.element(
                "Othr",
                self.text("Id", found.value),
                self.element("SchmeNm", scheme) if scheme else "",
                self.text("Issr", found.issuer) if found.issuer else "",
            )
            parts.append(other)
        return self.element("Id", self.element("OrgId", *parts))

    def element(self, tag, *parts):
        """:return: an element that has ``parts``, each written already"""
        return f"<{tag}>{''.join(parts)}</{tag}>"

    def text(self, tag, value):
        if not _AS_IT_IS(value):
            value = self._escaped(tag, value)
        return f"<{tag}>{value}</{tag}>"

    def code(self, tag, value):
        """Write a choice by its code; nothing where there is none."""
        return f"<{tag}>{self.text('Cd', value)}</{tag}>" if value else ""

    def fitted(self, where, tag, text, length):
        """:return: an element with ``text`` in the profile's characters, cut to ``length``, which goes by ``tag``

        :param str where: the elements around it, for whoever puts the text right.
        """
        # A file names the same people and towns again and again.
        known = self._fitted[tag]
        written = known.get(text)
        if written is None:
            try:
                value = self._charset.fit(text)[:length].rstrip()
            except LostTextError as error:
                rule = f"The bank's characters cannot carry {error.lost}."
                self._lost(f"{where}/{tag}", text, rule)
                return self.text(tag, "")
            written = known[text] = self.text(tag, value)
        return written

    def _escaped(self, tag, value):
        """:return: ``value`` as XML says it"""
        if _UNSAYABLE(value):
            self._lost(tag, value, "It has characters that XML cannot say.")
            return ""
        return escape(value, _ESCAPED)

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
