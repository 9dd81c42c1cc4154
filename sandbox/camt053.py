"""Writes bank statements as ISO 20022 CAMT.053 (BankToCustomerStatement)."""

from dataclasses import dataclass
from datetime import date, datetime, time
from xml.etree import ElementTree

from sandbox import money
from sandbox.bookings import Account, Booking, statement_number


@dataclass(frozen=True)
class Dialect:
    """In what the versions of the message differ, as far as this bank uses it."""

    bank_tag: str
    coded_status: bool
    nested_party: bool
    amount_in_details: bool
    charge_records: bool


DIALECTS = {
    "02": Dialect("BIC", False, False, False, False),
    "04": Dialect("BICFI", False, False, True, True),
    "08": Dialect("BICFI", True, True, True, True),
    "13": Dialect("BICFI", True, True, True, True),
}


@dataclass(frozen=True)
class Statement:
    """One account and business day; balances in minor units."""

    account: Account
    day: date
    opening: int
    closing: int
    booked: tuple[Booking, ...]
    pending: tuple[Booking, ...] = ()


def _add(parent, tag, text=None, **attributes):
    element = ElementTree.SubElement(parent, tag, attributes)
    element.text = text
    return element


def _path(parent, *tags, text=None):
    for tag in tags:
        parent = _add(parent, tag)
    parent.text = text
    return parent


def write(statements, created_at, version="08"):
    """Return one CAMT.053 document with all of ``statements``.

    :param version: a key of :data:`DIALECTS`.
    """
    namespace = f"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"
    document = ElementTree.Element("Document", xmlns=namespace)
    message = _add(document, "BkToCstmrStmt")
    header = _add(message, "GrpHdr")
    first = statements[0]
    _add(header, "MsgId", f"MSG{first.account.iban[-10:]}{first.day:%Y%m%d}{len(statements):03d}")
    _add(header, "CreDtTm", created_at.isoformat())
    writer = _Writer(DIALECTS[version], created_at)
    for statement in statements:
        writer.statement(message, statement)
    ElementTree.indent(document)
    return ElementTree.tostring(document, encoding="utf-8", xml_declaration=True)


class _Writer:
    def __init__(self, dialect, created_at):
        self._dialect = dialect
        self._created_at = created_at

    def statement(self, message, statement):
        account, day = statement.account, statement.day
        node = _add(message, "Stmt")
        number = str(statement_number(day))
        _add(node, "Id", f"{account.iban[-10:]}-{day:%Y%m%d}")
        _add(node, "ElctrncSeqNb", number)
        _add(node, "LglSeqNb", number)
        _add(node, "CreDtTm", self._created_at.isoformat())
        period = _add(node, "FrToDt")
        _add(period, "FrDtTm", datetime.combine(day, time()).isoformat())
        _add(period, "ToDtTm", datetime.combine(day, time(23, 59, 59)).isoformat())
        self._account(node, account)
        for kind, balance in (("OPBD", statement.opening), ("CLBD", statement.closing)):
            self._balance(node, kind, balance, account.currency, day)
        self._summary(node, statement.booked)
        for position, booking in enumerate((*statement.booked, *statement.pending), 1):
            self._entry(node, account, booking, position, booking in statement.pending)

    def _account(self, node, account):
        parent = _add(node, "Acct")
        _path(parent, "Id", "IBAN", text=account.iban)
        _add(parent, "Ccy", account.currency)
        _path(parent, "Ownr", "Nm", text=account.owner)
        _path(parent, "Svcr", "FinInstnId", self._dialect.bank_tag, text=account.bic)

    def _money(self, node, minor, currency, tag="Amt"):
        _add(node, tag, money.to_text(abs(minor)), Ccy=currency)

    @staticmethod
    def _side(node, minor):
        _add(node, "CdtDbtInd", "DBIT" if minor < 0 else "CRDT")

    def _balance(self, node, kind, minor, currency, day):
        parent = _add(node, "Bal")
        _path(parent, "Tp", "CdOrPrtry", "Cd", text=kind)
        self._money(parent, minor, currency)
        self._side(parent, minor)
        _path(parent, "Dt", "Dt", text=day.isoformat())

    @staticmethod
    def _summary(node, bookings):
        parent = _add(node, "TxsSummry")
        credits_ = [item.amount for item in bookings if item.amount >= 0]
        debits = [-item.amount for item in bookings if item.amount < 0]
        for tag, amounts in (
            ("TtlNtries", credits_ + debits),
            ("TtlCdtNtries", credits_),
            ("TtlDbtNtries", debits),
        ):
            total = _add(parent, tag)
            _add(total, "NbOfNtries", str(len(amounts)))
            _add(total, "Sum", money.to_text(sum(amounts)))

    def _entry(self, node, account, booking, position, pending):
        entry = _add(node, "Ntry")
        _add(entry, "NtryRef", str(position))
        self._money(entry, booking.amount, account.currency)
        self._side(entry, booking.amount)
        if booking.reversal_of:
            _add(entry, "RvslInd", "true")
        status = _add(entry, "Sts")
        if self._dialect.coded_status:
            status = _add(status, "Cd")
        status.text = "PDNG" if pending else "BOOK"
        if not pending:
            _path(entry, "BookgDt", "Dt", text=booking.booking_date.isoformat())
            _path(entry, "ValDt", "Dt", text=booking.value_date.isoformat())
            _add(entry, "AcctSvcrRef", booking.entry_reference)
        domain, family, subfamily = booking.code.split("-")
        code = _path(entry, "BkTxCd", "Domn")
        _add(code, "Cd", domain)
        code = _add(code, "Fmly")
        _add(code, "Cd", family)
        _add(code, "SubFmlyCd", subfamily)
        if booking.charges:
            self._charges(entry, booking.charges, account.currency)
        self._details(entry, account, booking)

    def _charges(self, entry, minor, currency):
        parent = _add(entry, "Chrgs")
        if self._dialect.charge_records:
            parent = _add(parent, "Rcrd")
        self._money(parent, minor, currency)
        _add(parent, "CdtDbtInd", "DBIT")

    def _details(self, entry, account, booking):
        parent = _add(entry, "NtryDtls")
        if not booking.details:
            self._transaction(parent, account, booking, booking)
            return
        batch = _add(parent, "Btch")
        _add(batch, "PmtInfId", f"B-{booking.transaction_id}")
        _add(batch, "NbOfTxs", str(len(booking.details)))
        self._money(batch, booking.amount, account.currency, "TtlAmt")
        self._side(batch, booking.amount)
        for detail in booking.details:
            self._transaction(parent, account, detail, None)

    def _transaction(self, parent, account, item, booking):
        """Write ``item``, a detail of a batch, or ``booking`` itself, which may carry more."""
        node = _add(parent, "TxDtls")
        if item.end_to_end_id:
            _path(node, "Refs", "EndToEndId", text=item.end_to_end_id)
        if self._dialect.amount_in_details:
            self._money(node, item.amount, account.currency)
            self._side(node, item.amount)
        if booking and (booking.conversion or booking.charges):
            self._instructed(node, account, booking)
        self._parties(node, item)
        reference = booking.reference if booking else ""
        if item.text or reference:
            self._remittance(node, item.text, reference)

    def _instructed(self, node, account, booking):
        parent = _add(node, "AmtDtls")
        instructed = _add(parent, "InstdAmt")
        if booking.charges:
            self._money(instructed, booking.amount + booking.charges, account.currency)
            return
        conversion = booking.conversion
        self._money(instructed, conversion.amount, conversion.currency)
        exchange = _add(instructed, "CcyXchg")
        _add(exchange, "SrcCcy", conversion.currency)
        _add(exchange, "TrgtCcy", account.currency)
        _add(exchange, "UnitCcy", conversion.currency)
        _add(exchange, "XchgRate", str(conversion.rate))
        self._money(_add(parent, "TxAmt"), booking.amount, account.currency)

    def _parties(self, node, item):
        if not (item.party or item.party_iban):
            return
        parent = _add(node, "RltdPties")
        side = "Cdtr" if item.amount < 0 else "Dbtr"
        if item.party:
            party = _add(parent, side)
            if self._dialect.nested_party:
                party = _add(party, "Pty")
            _add(party, "Nm", item.party)
        if item.party_iban:
            _path(parent, f"{side}Acct", "Id", "IBAN", text=item.party_iban)

    @staticmethod
    def _remittance(node, text, reference):
        parent = _add(node, "RmtInf")
        if text:
            _add(parent, "Ustrd", text)
        if reference:
            structured = _path(parent, "Strd", "CdtrRefInf")
            kind = _path(structured, "Tp", "CdOrPrtry")
            if reference.startswith("RF"):
                _add(kind, "Cd", "SCOR")
            else:
                _add(kind, "Prtry", "QRR")
            _add(structured, "Ref", reference)
