"""Customer credit transfer initiation, ISO 20022 pain.001.001.09, for SEPA credit transfers.

Rules of the EPC implementation guidelines for SEPA credit transfers (EPC132-08): euro, IBAN, charges
shared (``SLEV``), names of up to 70 and texts of up to 140 characters, structured addresses with town
and country. What a payment cannot be without is refused, never guessed; long names and texts are cut.
"""

import re
from datetime import UTC

from lxml import etree

from odoo.addons.finance_connector_base.tools.errors import BusinessError
from odoo.addons.finance_connector_base.tools.money import minor_unit_exponent

from .documents import CREDIT_TRANSFER
from .formats import PaymentFormat, register

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
_MAX_NAME = 70
_MAX_TEXT = 140
# The Latin set that every SEPA bank takes (EPC217-08).
_IDENTIFIER = re.compile(r"[A-Za-z0-9+?/\-:().,' ]{1,35}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


def write(order, profile):
    """Write ``order`` as a SEPA file.

    :rtype: bytes
    :raise BusinessError: ``payment_not_sepa``, naming the payment and what it lacks
    """
    root = etree.Element("Document", nsmap={None: NAMESPACE})
    initiation = etree.SubElement(root, "CstmrCdtTrfInitn")
    header = etree.SubElement(initiation, "GrpHdr")
    _text(header, "MsgId", _identifier(order.message_id))
    _text(header, "CreDtTm", order.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    _text(header, "NbOfTxs", str(len(order.instructions)))
    _text(header, "CtrlSum", format(order.control_sum, "f"))
    _party(header, "InitgPty", order.initiator)
    for group in order.groups:
        _group(initiation, group)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def validate(content, profile):
    """Prove that ``content`` is such a file and that its totals are those of its payments.

    :raise BusinessError: ``payment_file_invalid``
    """
    try:
        root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        raise _invalid(f"The file is not XML: {error}.") from error
    names = {"p": NAMESPACE}
    if root.tag != f"{{{NAMESPACE}}}Document":
        raise _invalid(f"The file is not a {NAMESPACE}.")
    transactions = root.findall(".//p:CdtTrfTxInf", names)
    declared = root.findtext(".//p:GrpHdr/p:NbOfTxs", namespaces=names)
    if declared != str(len(transactions)):
        raise _invalid(
            f"The file declares {declared} payments and holds {len(transactions)}.",
        )


def _invalid(message):
    return BusinessError(
        "payment_file_invalid",
        message,
        next_step="Correct the payment, or the profile of the bank, and generate the file again.",
    )


def _group(parent, group):
    element = etree.SubElement(parent, "PmtInf")
    _text(element, "PmtInfId", _identifier(group.group_id))
    _text(element, "PmtMtd", "TRF")
    if group.batch_booking is not None:
        _text(element, "BtchBookg", "true" if group.batch_booking else "false")
    _text(element, "NbOfTxs", str(len(group.instructions)))
    _text(element, "CtrlSum", format(group.control_sum, "f"))
    kind = etree.SubElement(element, "PmtTpInf")
    level = etree.SubElement(kind, "SvcLvl")
    _text(level, "Cd", group.service_level or "SEPA")
    if group.local_instrument:
        _text(etree.SubElement(kind, "LclInstrm"), "Cd", group.local_instrument)
    if group.category_purpose:
        _text(etree.SubElement(kind, "CtgyPurp"), "Cd", group.category_purpose)
    _text(etree.SubElement(element, "ReqdExctnDt"), "Dt", group.requested_date.isoformat())
    _party(element, "Dbtr", group.party)
    _account(element, "DbtrAcct", group.account, "the paying account")
    _agent(element, "DbtrAgt", group.account.agent, required=True)
    _text(element, "ChrgBr", group.charge_bearer or "SLEV")
    for instruction in group.instructions:
        _transaction(element, instruction)


def _transaction(parent, instruction):
    where = f"payment {instruction.end_to_end_id} to {instruction.party.name}"
    if instruction.currency != "EUR":
        raise _refused(where, f"SEPA carries euro only, not {instruction.currency}")
    amount = instruction.amount
    if amount <= 0 or amount != round(amount, minor_unit_exponent("EUR")):
        raise _refused(where, f"{amount} is not an amount that can be paid")
    element = etree.SubElement(parent, "CdtTrfTxInf")
    identification = etree.SubElement(element, "PmtId")
    _text(identification, "InstrId", _identifier(instruction.instruction_id))
    _text(identification, "EndToEndId", _identifier(instruction.end_to_end_id))
    if instruction.uetr:
        _text(identification, "UETR", instruction.uetr)
    money = etree.SubElement(element, "Amt")
    _text(money, "InstdAmt", format(amount, "f")).set("Ccy", instruction.currency)
    _agent(element, "CdtrAgt", instruction.account.agent)
    _party(element, "Cdtr", instruction.party)
    _account(element, "CdtrAcct", instruction.account, where)
    if instruction.purpose:
        _text(etree.SubElement(element, "Purp"), "Cd", instruction.purpose)
    _remittance(element, instruction)


def _remittance(parent, instruction):
    if not (instruction.references or instruction.remittance):
        return
    element = etree.SubElement(parent, "RmtInf")
    if not instruction.references:
        _text(element, "Ustrd", _clean(instruction.remittance, _MAX_TEXT))
        return
    reference = instruction.references[0]
    structured = etree.SubElement(etree.SubElement(element, "Strd"), "CdtrRefInf")
    kind = etree.SubElement(etree.SubElement(structured, "Tp"), "CdOrPrtry")
    _text(kind, "Cd", "SCOR")
    _text(structured, "Ref", _clean(reference.value, 35))


def _party(parent, tag, party):
    element = etree.SubElement(parent, tag)
    _text(element, "Nm", _clean(party.name, _MAX_NAME))
    address = party.address
    if address and address.town and address.country:
        postal = etree.SubElement(element, "PstlAdr")
        for name, value, length in (
            ("StrtNm", address.street, 70),
            ("BldgNb", address.building_number, 16),
            ("PstCd", address.postcode, 16),
            ("TwnNm", address.town, 35),
            ("CtrySubDvsn", address.subdivision, 35),
            ("Ctry", address.country, 2),
        ):
            if value:
                _text(postal, name, _clean(value, length))


def _account(parent, tag, account, where):
    if not account.iban:
        raise _refused(where, "SEPA needs an IBAN")
    _text(etree.SubElement(etree.SubElement(parent, tag), "Id"), "IBAN", account.iban)


def _agent(parent, tag, agent, required=False):
    if not (agent.bic or required):
        return
    institution = etree.SubElement(etree.SubElement(parent, tag), "FinInstnId")
    if agent.bic:
        _text(institution, "BICFI", agent.bic)
    else:
        _text(etree.SubElement(institution, "Othr"), "Id", "NOTPROVIDED")


def _text(parent, tag, value):
    element = etree.SubElement(parent, tag)
    element.text = value
    return element


def _identifier(value):
    if not _IDENTIFIER.fullmatch(value):
        raise _refused(f"identifier {value}", "it has more than 35 or other than Latin characters")
    return value


def _clean(value, length):
    return _CONTROL.sub(" ", value).strip()[:length].strip()


def _refused(where, why):
    return BusinessError(
        "payment_not_sepa",
        f"SEPA cannot carry {where}: {why}.",
        next_step="Correct the payment, or pay it over another channel.",
    )


FORMAT = register(
    PaymentFormat(
        code="pain.001.001.09",
        name="ISO 20022 credit transfer (pain.001.001.09)",
        kinds=frozenset({CREDIT_TRANSFER}),
        write=write,
        validate=validate,
    )
)
