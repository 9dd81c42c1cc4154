"""Any bit flipped gives a refusal, the same money, or a word that something is wrong: never other money unseen."""

from dataclasses import replace

import pytest
from effort import THOROUGH

from odoo.addons.bank_statement_api.tools import checks, columns, detect, qif
from odoo.addons.bank_statement_api.tools.columns import Profile
from odoo.addons.bank_statement_api.tools.errors import StatementFormatError

from tests.fuzz.fuzz_web_table import WORKBOOK
from tests.unit.bank_statement_api.test_camt_versions import FIRST
from tests.unit.bank_statement_api.test_flat_golden import SAMPLES

PROFILE = Profile(
    booking_date="Date", amount="Amount", balance="Balance", dates="dmy", decimals=","
)
FEES = b"""Date;Amount;Fee;Balance
12.03.2026;1,00;;100,00
13.03.2026;-10,00;0,50;89,50
14.03.2026;5,00;0,25;94,25
15.03.2026;-1,00;;93,25
"""
ROWS = "".join(
    f"<tr><td>{day}.03.2026</td><td>{amount}</td><td>{balance}</td></tr>\n"
    for day, amount, balance in (
        (13, "1,00", "100,00"),
        (14, "-12,50", "87,50"),
        (15, "1,00", "88,50"),
        (16, "2,00", "90,50"),
    )
)
HTML = f"<html><table>\n<tr><th>Date</th><th>Amount</th><th>Balance</th></tr>\n{ROWS}</table></html>".encode()
# In XML no end of an element can be missing; the third row proves the second.
EXCEL = WORKBOOK.replace(
    b"</Table>",
    b'<Row><Cell ss:Index="2"><Data ss:Type="String">16.03.2026</Data></Cell>'
    b'<Cell><Data ss:Type="String">2,00</Data></Cell><Cell><Data ss:Type="Number">90.5</Data></Cell></Row></Table>',
)
# (content, how it is read, from where on each bit is flipped: what proves the first row is the second)
TABLES = {
    "fees": (FEES, replace(PROFILE, fee="Fee", fees="minus"), b"13.03"),
    "page": (HTML, PROFILE, b"<tr><td>14"),
    "workbook of 2003": (
        EXCEL,
        replace(PROFILE, skip=1),
        b'<Row><Cell ss:Index="2"><Data ss:Type="String">15',
    ),
}
FILES = {
    "camt of the first version": FIRST.encode(),
    **{
        name: (SAMPLES / "mt940" / f"{name}.sta").read_bytes()
        for name in ("abn_daily", "polish_plus", "polish_caret", "emirates", "indian")
    },
}


def flips(content, begin=0, bits=8):
    """Yield the content with each bit flipped, or with fewer of each byte, another one from byte to byte."""
    for place in range(begin, len(content)):
        for bit in range(place % 8, place % 8 + bits):
            changed = bytearray(content)
            changed[place] ^= 1 << bit % 8
            yield bytes(changed)


def money(found):
    """The booked entries: one that is not split into its payments is the same money."""
    entries = {}
    for item in found:
        for line in item.booked:
            amount = line.batch.entry_amount if line.batch else line.amount
            entries[item.position, line.position.entry] = (item.account.currency, amount)
    return list(entries.values())


@pytest.mark.parametrize("name", TABLES)
def test_table(name):
    content, profile, begin = TABLES[name]
    right = money(columns.read(content, profile=profile, currency="EUR"))
    assert len(right) >= 3
    for changed in flips(content, content.index(begin)):
        try:
            found = columns.read(changed, profile=profile, currency="EUR")
        except StatementFormatError:
            continue
        told = [word for item in found for word in (*item.bad_entries, *item.findings)]
        announced = any(item.pending for item in found)
        assert money(found) == right or told or announced, changed


def test_registers():
    """No bit of a header makes a register vanish; what stands in a record nothing proves."""
    content = (SAMPLES / "qif" / "two_accounts.qif").read_bytes()
    right = money(qif.read(content, currency="USD"))
    assert len(right) == 3
    begin = 0
    for row in content.splitlines(keepends=True):
        for changed in flips(row) if row.startswith(b"!") else ():
            whole = content[:begin] + changed + content[begin + len(row) :]
            try:
                found = qif.read(whole, currency="USD")
            except StatementFormatError:
                continue
            assert money(found) == right, whole
        begin += len(row)


@pytest.mark.parametrize("name", FILES)
def test_file(name):
    content = FILES[name]
    right = detect.detect(content).read(content)
    accounts = [(item.account.identifier, item.account.currency) for item in right]
    for changed in flips(content, bits=8 if THOROUGH else 1):
        try:
            found = detect.detect(changed).read(changed)
        except StatementFormatError:
            continue
        told = [bad for item in found for bad in item.bad_entries]
        told += [
            finding
            for item in found
            for finding in checks.prove(item)
            if finding.severity != "info"
        ]
        elsewhere = [(item.account.identifier, item.account.currency) for item in found] != accounts
        unproven = any(item.opening is None or item.closing is None for item in found)
        assert money(found) == money(right) or told or elsewhere or unproven, changed
