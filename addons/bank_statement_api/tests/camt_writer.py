"""Writes camt.053, .052 and .054 files from statements: the counterpart the reader is tested against.

It takes the canonical documents, or anything with their attributes, and imports nothing of the
project, so that end-to-end tests can use it beside a real server.
"""

from __future__ import annotations

import datetime
import itertools
from dataclasses import dataclass
from decimal import Decimal
from types import SimpleNamespace
from xml.sax.saxutils import escape, quoteattr

_MESSAGES = {
    "statement": ("camt.053", "BkToCstmrStmt", "Stmt"),
    "report": ("camt.052", "BkToCstmrAcctRpt", "Rpt"),
    "notification": ("camt.054", "BkToCstmrDbtCdtNtfctn", "Ntfctn"),
}
_STATUS = {"booked": "BOOK", "pending": "PDNG", "information": "INFO"}
_FOREIGN = {
    "instructed": "InstdAmt",
    "transaction": "TxAmt",
    "counter_value": "CntrValAmt",
    "announced": "AnncdPstngAmt",
}


@dataclass(frozen=True)
class Line:
    """A booked entry in short, for files of many lines."""

    day: datetime.date
    amount: Decimal
    text: str = ""
    reference: str = ""
    end_to_end_id: str | None = None
    name: str | None = None
    iban: str | None = None
    status: str = "booked"


def daily_file(
    iban,
    currency,
    lines,
    *,
    opening=Decimal(0),
    version="08",
    sequence=1,
    message_id="MSG-1",
    kind="statement",
) -> bytes:
    """Return a file of one statement whose balances and totals are right.

    :param lines: iterable of :class:`Line`, in the order of the file.
    :param kind: ``report`` and ``notification`` make camt.052 and camt.054.
    :param opening: opening balance; the closing one follows from the lines.
    """
    lines = list(lines)
    days = [line.day for line in lines] or [datetime.date(2026, 1, 1)]
    closing = opening + sum(line.amount for line in lines if line.status == "booked")
    account = _bare(iban=iban, currency=currency)
    statement = _bare(
        account=account,
        kind=kind,
        source_version=version,
        message_id=message_id,
        statement_id=f"{iban}-{sequence}",
        electronic_sequence=sequence,
        created_at=datetime.datetime.combine(max(days), datetime.time(22)),
        period_from=min(days),
        period_to=max(days),
        balances=[
            _bare(type="OPBD", amount=opening, currency=currency, date=min(days)),
            _bare(type="CLBD", amount=closing, currency=currency, date=max(days)),
        ]
        if kind == "statement"
        else [],
        totals=_bare(entries=len(lines), net=closing - opening),
        transactions=[
            _bare(
                amount=line.amount,
                currency=currency,
                status=line.status,
                booking_date=line.day,
                value_date=line.day,
                account_servicer_ref=line.reference or None,
                end_to_end_id=line.end_to_end_id,
                counterparty=_bare(name=line.name, iban=line.iban),
                remittance=(line.text,) if line.text else (),
                position=_bare(entry=number, detail=0),
            )
            for number, line in enumerate(lines, 1)
        ],
    )
    return write([statement])


class _Bare(SimpleNamespace):
    """Stands in for a canonical document: what was not given is not there."""

    def __getattr__(self, _name):
        return None


def _bare(**values):
    return _Bare(**values)


def write(statements, *, encoding="UTF-8", namespace=None, indent="\n") -> bytes:
    """Return a file in the version that the statements name, of the message that their kind is.

    :param namespace: another one than the version's, "" for none.
    :param indent: what stands between elements.
    """
    version = statements[0].source_version or "08"
    name, root, _holder = _MESSAGES[statements[0].kind or "statement"]
    if namespace is None:
        namespace = f"urn:iso:std:iso:20022:tech:xsd:{name}.001.{version}"
    xmlns = f" xmlns={quoteattr(namespace)}" if namespace else ""
    parts = [
        f'<?xml version="1.0" encoding="{encoding}"?>',
        f"<Document{xmlns}>",
        f"<{root}>",
        "<GrpHdr>",
        _leaf("MsgId", statements[0].message_id),
        "<CreDtTm>2026-01-01T00:00:00</CreDtTm>",
        "</GrpHdr>",
    ]
    for statement in statements:
        parts += _statement(statement, version)
    parts += [f"</{root}>", "</Document>"]
    return indent.join(part for part in parts if part).encode(encoding)


def _leaf(tag, value, attributes=""):
    return "" if value is None else f"<{tag}{attributes}>{escape(str(value))}</{tag}>"


def _wrap(tag, *parts):
    inner = "".join(parts)
    return f"<{tag}>{inner}</{tag}>" if inner else ""


def _amount(tag, amount, currency):
    return _leaf(tag, format(abs(amount), "f"), f" Ccy={quoteattr(currency)}")


def _sign(amount):
    return f"<CdtDbtInd>{'DBIT' if amount < 0 else 'CRDT'}</CdtDbtInd>"


def _statement(statement, version):
    account = statement.account
    bic = "BIC" if version == "02" else "BICFI"
    period = ""
    if statement.period_from and statement.period_to:
        period = (
            f"<FrToDt><FrDtTm>{statement.period_from}T00:00:00</FrDtTm>"
            f"<ToDtTm>{statement.period_to}T23:59:59</ToDtTm></FrToDt>"
        )
    other = _wrap(
        "Othr",
        _leaf("Id", account.other_id),
        _wrap("SchmeNm", _leaf("Prtry", account.scheme)),
    )
    holder = _MESSAGES[statement.kind or "statement"][2]
    yield f"<{holder}>"
    yield _leaf("Id", statement.statement_id)
    if statement.page_number is not None:
        last = str(statement.last_page).lower()
        yield f"<{holder}Pgntn>{_leaf('PgNb', statement.page_number)}{_leaf('LastPgInd', last)}</{holder}Pgntn>"
    yield _leaf("ElctrncSeqNb", statement.electronic_sequence)
    yield _leaf("LglSeqNb", statement.legal_sequence)
    yield _leaf("CreDtTm", statement.created_at and statement.created_at.isoformat())
    yield period
    yield _wrap(
        "Acct",
        _wrap("Id", _leaf("IBAN", account.iban) or other),
        _leaf("Ccy", account.currency),
        _wrap("Ownr", _leaf("Nm", account.owner_name)),
        _wrap("Svcr", _wrap("FinInstnId", _leaf(bic, account.bic))),
    )
    for balance in statement.balances:
        included = _leaf("Incl", "true") if balance.credit_line_included else ""
        yield _wrap(
            "Bal",
            _wrap("Tp", _wrap("CdOrPrtry", _leaf("Cd", balance.type))),
            _wrap("CdtLine", included),
            _amount("Amt", balance.amount, balance.currency),
            _sign(balance.amount),
            _wrap("Dt", _leaf("Dt", balance.date)),
        )
    yield _totals(statement.totals, version)
    grouped = itertools.groupby(statement.transactions, key=lambda line: line.position.entry)
    for _entry, lines in grouped:
        yield entry(list(lines), version)
    yield f"</{holder}>"


def _totals(totals, version):
    if totals is None:
        return ""
    net = ""
    if totals.net is not None:
        value = format(abs(totals.net), "f")
        if version == "02":
            net = _leaf("TtlNetNtryAmt", value) + _sign(totals.net)
        else:
            net = _wrap("TtlNetNtry", _leaf("Amt", value), _sign(totals.net))
    return _wrap(
        "TxsSummry",
        _wrap(
            "TtlNtries",
            _leaf("NbOfNtries", totals.entries),
            _leaf("Sum", totals.entries_sum),
            net,
        ),
        _wrap(
            "TtlCdtNtries",
            _leaf("NbOfNtries", totals.credit_entries),
            _leaf("Sum", totals.credit_sum),
        ),
        _wrap(
            "TtlDbtNtries",
            _leaf("NbOfNtries", totals.debit_entries),
            _leaf("Sum", totals.debit_sum),
        ),
    )


def entry(lines, version="08"):
    """Return one ``Ntry``: of one line, or of the lines a batch was split into."""
    first = lines[0]
    batch = first.batch
    amount = batch.entry_amount if batch else first.amount
    status = _STATUS[first.status]
    details = lines if first.position.detail else (first.details or lines)
    code = first.bank_code
    domain = code and _wrap(
        "Domn",
        _leaf("Cd", code.domain),
        _wrap("Fmly", _leaf("Cd", code.family), _leaf("SubFmlyCd", code.subfamily)),
    )
    proprietary = code and _wrap("Prtry", _leaf("Cd", code.proprietary), _leaf("Issr", code.issuer))
    return _wrap(
        "Ntry",
        _leaf("NtryRef", first.entry_ref),
        _amount("Amt", amount, first.currency),
        _sign(amount),
        "<RvslInd>true</RvslInd>" if first.reversal else "",
        f"<Sts><Cd>{status}</Cd></Sts>" if version >= "08" else f"<Sts>{status}</Sts>",
        _wrap("BookgDt", _leaf("Dt", first.booking_date)),
        _wrap("ValDt", _leaf("Dt", first.value_date)),
        _leaf("AcctSvcrRef", first.account_servicer_ref),
        _wrap("BkTxCd", domain, proprietary) if code else "",
        _wrap(
            "NtryDtls",
            _wrap(
                "Btch",
                _leaf("MsgId", batch.message_id),
                _leaf("PmtInfId", batch.payment_information_id),
                _leaf("NbOfTxs", batch.number_of_transactions),
            )
            if batch
            else "",
            *(_detail(line, version, amount) for line in details),
        ),
        _leaf("AddtlNtryInf", first.additional_info),
    )


def _detail(line, version, entry_amount):
    many = getattr(line, "position", None) is None or line.position.detail
    own = line.amount if many else None
    amount = sides = ""
    if own is not None:
        if version > "02":
            amount = _amount("Amt", own, line.currency) + _sign(own)
        else:
            sides = _wrap("TxAmt", _amount("Amt", own, line.currency))
    return _wrap(
        "TxDtls",
        _wrap(
            "Refs",
            _leaf("InstrId", line.instruction_id),
            _leaf("EndToEndId", line.end_to_end_id),
            _leaf("UETR", line.uetr) if version >= "08" else "",
            _leaf("TxId", line.transaction_id),
            _leaf("MndtId", line.mandate_id),
        ),
        amount,
        _wrap("AmtDtls", *(_foreign(item) for item in line.foreign or ()), sides),
        _charges(line.charges or (), version),
        _parties(line, entry_amount, version),
        _wrap("Purp", _leaf("Cd", line.purpose)),
        _wrap(
            "RmtInf",
            *(_leaf("Ustrd", text) for text in line.remittance or ()),
            *(_structured(item) for item in line.structured or ()),
        ),
    )


def _foreign(item):
    amount = "" if item.amount is None else _amount("Amt", item.amount, item.currency)
    exchange = _wrap(
        "CcyXchg",
        _leaf("SrcCcy", item.source_currency),
        _leaf("TrgtCcy", item.target_currency),
        _leaf("XchgRate", item.rate),
    )
    return _wrap(_FOREIGN[item.kind], amount, exchange)


def _charges(charges, version):
    def one(charge):
        included = None if charge.included is None else str(charge.included).lower()
        return (
            _amount("Amt", charge.amount, charge.currency)
            + _sign(charge.amount)
            + (_leaf("ChrgInclInd", included) if version != "02" else "")
            + _wrap("Tp", _leaf("Cd", charge.type))
            + _leaf("Br", charge.bearer)
        )

    if version == "02":
        return "".join(_wrap("Chrgs", one(charge)) for charge in charges)
    return _wrap("Chrgs", *(_wrap("Rcrd", one(charge)) for charge in charges))


def _parties(line, entry_amount, version):
    party = line.counterparty
    if party is None:
        return ""
    credit = (line.amount if line.amount is not None else entry_amount) > 0
    role = "Dbtr" if credit != bool(getattr(line, "reversal", False)) else "Cdtr"
    identity = ""
    if line.creditor_id and role == "Cdtr":
        scheme = "<SchmeNm><Prtry>SEPA</Prtry></SchmeNm>"
        identity = f"<Id><PrvtId><Othr>{_leaf('Id', line.creditor_id)}{scheme}</Othr></PrvtId></Id>"
    inner = _leaf("Nm", party.name) + identity
    if version >= "08":
        inner = _wrap("Pty", inner)
    account = _leaf("IBAN", party.iban) or _wrap("Othr", _leaf("Id", party.other_id))
    ultimate = _leaf("Nm", line.ultimate_party)
    return _wrap(
        "RltdPties",
        _wrap(role, inner),
        _wrap(f"{role}Acct", _wrap("Id", account)),
        _wrap(f"Ultmt{role}", _wrap("Pty", ultimate) if version >= "08" else ultimate),
    ) + _wrap(
        "RltdAgts",
        _wrap(
            f"{role}Agt",
            _wrap("FinInstnId", _leaf("BIC" if version == "02" else "BICFI", party.bic)),
        ),
    )


def _structured(reference):
    kind = "Cd" if reference.type == "SCOR" else "Prtry"
    return _wrap(
        "Strd",
        _wrap(
            "CdtrRefInf",
            _wrap(
                "Tp",
                _wrap("CdOrPrtry", _leaf(kind, reference.type or None)),
                _leaf("Issr", reference.issuer),
            ),
            _leaf("Ref", reference.value),
        ),
    )
