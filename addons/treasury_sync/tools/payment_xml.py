"""Elements that the ISO 20022 payment initiation messages share, in the names of each version.

The same order gives the same bytes. Identifications, account numbers and amounts are written as they are; names and
texts are fitted to the profile's characters and length. What is written is judged by ``payment_schema`` and
``payment_rules``; only what can no longer be seen in the file is refused here: text that its characters would lose.

The payments of a group are written side by side: each element of all of them at once, as a column of texts, empty where
a payment has none. What stands once in a file is a column of one.
"""

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from functools import partial
from itertools import zip_longest
from operator import attrgetter, itemgetter
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
_ESCAPED = {"\r": "&#13;"}
_QUOTE = '"'
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
        self._charset = CHARSETS[rules.charset]
        self._fitted = defaultdict(lambda: {None: ""})
        # What is written now, and what could not be: each violation with its part of the file and its row in it.
        self._part, self._payments = 0, ()
        self._lost = []

    def document(self, order):
        """Write the message around ``content``, which the writer of each message defines.

        :rtype: bytes
        :raise BusinessError: ``payment_file_invalid``
        """
        content = self.element(self.root_tag, *self.content(order))
        refuse([violation for _place, violation in sorted(self._lost, key=itemgetter(0))])
        document = f'<Document xmlns="{self.version.namespace}">{content}</Document>'
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{document}'.encode()

    def content(self, order):
        """:return: the elements of the message, each as it is written"""
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

    # === WHAT STANDS ONCE === #

    def group_head(self, group, method, *kinds):
        """Begin a ``PmtInf``.

        :param str method: how it is paid.
        :param str kinds: what its ``PmtTpInf`` has beside level and instrument.
        :return: its elements up to its type and that type, empty where it would be
        """
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

    def totals(self, instructions):
        total = sum((item.amount for item in instructions), Decimal())
        return self.text("NbOfTxs", str(len(instructions))) + self.text(
            "CtrlSum", format(total, "f")
        )

    def moment(self, tag, moment):
        return self.text(tag, moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))

    def element(self, tag, *parts):
        """:return: an element that has ``parts``, each written already"""
        return f"<{tag}>{''.join(parts)}</{tag}>"

    def text(self, tag, value):
        return self.texts(tag, [value])[0]

    def code(self, tag, value):
        return self.codes(tag, [value])[0]

    def party(self, tag, party, *, address=True):
        return self.parties(tag, [party], address=address)[0]

    def account(self, tag, account):
        return self.accounts(tag, [account])[0]

    def agent(self, tag, agent, *, required=False):
        return self.agents(tag, [agent], required=required)[0]

    # === WHAT EACH PAYMENT HAS === #

    def payments(self, tag, instructions, columns):
        """Write payments, one after the other.

        :param str tag: element of one.
        :param columns: ``columns()`` gives those of their elements.
        """
        self._part, self._payments = self._part + 1, instructions
        written = self.elements(tag, *columns())
        self._part, self._payments = self._part + 1, ()
        return "".join(written)

    def charge_bearers(self, group):
        """Return who pays the charges: of the group where all its payments agree, and else of each payment."""
        default = group.charge_bearer or next(iter(self.rules.charge_bearers), "") or None
        bearers = [item.charge_bearer or default for item in group.instructions]
        if len(set(bearers)) == 1:
            return self.text("ChrgBr", bearers[0]), [""] * len(bearers)
        return "", self.texts("ChrgBr", bearers)

    def payment_ids(self, instructions):
        return self.elements(
            "PmtId",
            self.texts("InstrId", [item.instruction_id for item in instructions]),
            self.texts("EndToEndId", [item.end_to_end_id for item in instructions]),
            self.uetrs("UETR", instructions),
        )

    def uetrs(self, tag, instructions):
        if not (self.version.modern and self.rules.uetr):
            return [""] * len(instructions)
        return self.texts(tag, _each(instructions, "uetr"))

    def amounts(self, instructions, tag="InstdAmt"):
        currencies = [item.currency for item in instructions]
        written = self._written(f"{tag}/@Ccy", currencies)
        heads = {
            currency: f'<{tag} Ccy="{text.replace(_QUOTE, "&quot;")}">'
            for currency, text in dict(zip(currencies, written, strict=True)).items()
        }
        return [f"{heads[item.currency]}{item.amount:f}</{tag}>" for item in instructions]

    def parties(self, tag, parties, *, address=True):
        """:param parties: None for none"""
        addresses = _each(parties, "address") if address else [None] * len(parties)
        return self.elements(
            tag,
            self.fitted(tag, "Nm", [party and party.name for party in parties], self._name_length),
            self._addresses(tag, addresses),
            self._identifications(_each(parties, "identifications")),
        )

    def accounts(self, tag, accounts):
        others = [None if account.iban else account.other_id or "" for account in accounts]
        return self.elements(
            tag,
            self.elements(
                "Id",
                self.texts("IBAN", _each(accounts, "iban")),
                self.elements("Othr", self.texts("Id", others)),
            ),
            self.codes("Tp", _each(accounts, "type")),
            self.texts("Ccy", _each(accounts, "currency")),
        )

    def agents(self, tag, agents, *, required=False):
        """Name banks by what is known of each: BIC, number in a clearing system with name, or both."""
        own = self.rules.clearing_system
        systems = [
            (agent.clearing_number and (agent.clearing_system or own)) or None for agent in agents
        ]
        numbered = [
            agent if system else None for agent, system in zip(agents, systems, strict=True)
        ]
        # A BIC says who it is.
        named = [agent if agent and agent.name and not agent.bic else None for agent in numbered]
        unknown = [
            "NOTPROVIDED" if required and not (agent.bic or system) else None
            for agent, system in zip(agents, systems, strict=True)
        ]
        number = self.texts("MmbId", _each(numbered, "clearing_number"))
        return self.elements(
            tag,
            self.elements(
                "FinInstnId",
                self.texts(self.version.bic, _each(agents, "bic")),
                self.elements("ClrSysMmbId", self.codes("ClrSysId", systems), number),
                self.fitted(tag, "Nm", _each(named, "name"), self._name_length),
                self.elements("PstlAdr", self.texts("Ctry", _each(named, "country"))),
                self.elements("Othr", self.texts("Id", unknown)),
            ),
        )

    def remittances(self, instructions):
        """What payments are for: references that the scheme carries as such, others and texts as text."""
        said = [
            self._said(item) if item.references else ((), item.remittance or None)
            for item in instructions
        ]
        texts = [text for _references, text in said]
        references = _turned([references for references, _text in said])
        return self.elements(
            "RmtInf",
            self.fitted("RmtInf", "Ustrd", texts, self.rules.text_length),
            *map(self._references, references),
        )

    # === PARTS === #

    @property
    def _name_length(self):
        return self.rules.name_length

    def _said(self, instruction):
        """:return: references that the scheme carries, each with its type, and the text beside them, None for none"""
        structured, texts = [], []
        for reference in instruction.references:
            kind = reference.type or ("SCOR" if iso11649.is_valid(reference.value) else "")
            if kind in self.rules.references:
                structured.append((kind, reference))
            else:
                texts.append(reference.value)
        if instruction.remittance:
            texts.append(instruction.remittance)
        # A scheme that carries either carries the text that says what no reference does.
        carried = texts and (not structured or self.rules.text_beside_reference)
        return structured, " ".join(texts) if carried else None

    def _references(self, references):
        """:param references: type and reference of each payment, None for none"""
        kinds = [found and found[0] for found in references]
        found = [found and found[1] for found in references]
        codes = [kind if kind in _REFERENCE_CODES else None for kind in kinds]
        agreed = [None if kind in _REFERENCE_CODES else kind for kind in kinds]
        kind = self.elements(
            "Tp",
            self.elements("CdOrPrtry", self.texts("Cd", codes), self.texts("Prtry", agreed)),
            self.texts("Issr", _each(found, "issuer")),
        )
        number = self.texts("Ref", [reference and reference.value for reference in found])
        return self.elements("Strd", self.elements("CdtrRefInf", kind, number))

    def _addresses(self, tag, addresses):
        if tag not in self.rules.address_required:
            # No bank takes half of one, and this one wants none.
            addresses = [
                found if found and found.town and found.country else None for found in addresses
            ]
        where = f"{tag}/PstlAdr"
        lines = _turned([found.lines if found else () for found in addresses])
        return self.elements(
            "PstlAdr",
            *(
                self.fitted(where, name, _each(addresses, field), length)
                for name, field, length in _ADDRESS
            ),
            *(self.fitted(where, "AdrLine", column, _LINE) for column in lines),
        )

    def _identifications(self, identifications):
        """:param identifications: those of each party, None for none"""
        if not any(identifications):
            return [""] * len(identifications)
        leis, others = [], []
        for party in identifications:
            is_lei = [self.version.modern and found.scheme == "LEI" for found in party or ()]
            leis.append([found for found, lei in zip(party or (), is_lei, strict=True) if lei])
            others.append(
                [found for found, lei in zip(party or (), is_lei, strict=True) if not lei]
            )
        numbers = self.elements(
            "OrgId",
            *(
                self.texts("LEI", [found and found.value for found in column])
                for column in _turned(leis)
            ),
            *map(self._other_identifications, _turned(others)),
        )
        return self.elements("Id", numbers)

    def _other_identifications(self, identifications):
        schemes = _each(identifications, "scheme")
        codes = [scheme if len(scheme or "") == 4 else None for scheme in schemes]
        agreed = [None if len(scheme or "") == 4 else scheme for scheme in schemes]
        return self.elements(
            "Othr",
            self.texts("Id", [found and found.value for found in identifications]),
            self.elements("SchmeNm", self.texts("Cd", codes), self.texts("Prtry", agreed)),
            self.texts("Issr", _each(identifications, "issuer")),
        )

    # === COLUMNS === #

    def elements(self, tag, *columns):
        """:return: an element for each row, that has what stands there in ``columns``; nothing where that is nothing"""
        filled = [column for column in columns if any(column)]
        if not filled:
            return [""] * len(columns[0])
        rows = filled[0] if len(filled) == 1 else map("".join, zip(*filled, strict=True))
        return [f"<{tag}>{row}</{tag}>" if row else "" for row in rows]

    def texts(self, tag, values):
        """:return: an element for each value; nothing for None"""
        if values.count(None) == len(values):
            return [""] * len(values)
        return [
            "" if value is None else f"<{tag}>{value}</{tag}>"
            for value in self._written(tag, values)
        ]

    def codes(self, tag, values):
        """:return: a choice by its code for each value; nothing where that is empty"""
        return self.elements(tag, self.texts("Cd", [value or None for value in values]))

    def fitted(self, where, tag, texts, length):
        """:return: an element for each text, in the profile's characters, cut to ``length``, which goes by ``tag``;
        nothing for None

        :param str where: the elements around it, for whoever puts the text right.
        """
        # A file names the same people and towns again and again.
        known = self._fitted[tag]
        met = [text for text in dict.fromkeys(texts) if text not in known]
        if met:
            try:
                found = self._charset.fit_all(met)
            except LostTextError:
                found = [self._fit(f"{where}/{tag}", text, texts) for text in met]
                # Not kept: what is lost is told wherever it stands.
                known = dict(known)
            cut = [text[:length].rstrip() for text in found]
            known.update(zip(met, self.texts(tag, cut), strict=True))
        return [known[text] for text in texts]

    def _fit(self, tag, text, column):
        try:
            return self._charset.fit(text)
        except LostTextError as error:
            for row, other in enumerate(column):
                if other == text:
                    rule = f"The bank's characters cannot carry {error.lost}."
                    self._lose(row, tag, text, rule)
            return ""

    def _written(self, tag, values):
        """:return: ``values`` as XML says them"""
        if _AS_IT_IS("".join(filter(None, values))):
            return values
        return [
            value if value is None or _AS_IT_IS(value) else self._escaped(row, tag, value)
            for row, value in enumerate(values)
        ]

    def _escaped(self, row, tag, value):
        if _UNSAYABLE(value):
            self._lose(row, tag, value, "It has characters that XML cannot say.")
            return ""
        return escape(value, _ESCAPED)

    def _lose(self, row, tag, value, rule):
        payment = self._payments[row] if self._payments else None
        violation = Violation(
            tag=tag,
            value=value,
            rule=rule,
            remedy=_IN_TEXT if "RmtInf" in tag else _IN_MASTER_DATA,
            subject=f"Payment {payment.end_to_end_id} ({payment.party.name})" if payment else "",
        )
        self._lost.append(((self._part, row), violation))


def _each(objects, field):
    """:return: a field of each object; None where it is empty, or there is no object"""
    get = attrgetter(field)
    return [(get(found) or None) if found else None for found in objects]


def _turned(rows):
    """:return: columns of ``rows``, which have as many values as they like; None where a row has no more"""
    return zip_longest(*rows) if any(rows) else ()


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
