"""Fuzz target: the reader of QIF, told what a person would tell it."""

from functools import partial

from odoo.addons.bank_statement_api.tools import qif
from odoo.addons.bank_statement_api.tools.documents import AccountRef

from tests.fuzz.driver import Target, samples

TARGET = Target(
    read=partial(
        qif.read, currency="EUR", account=AccountRef(iban="DE89370400440532013000", currency="EUR")
    ),
    seeds=samples("qif"),
    words=(
        b"!Type:Bank\n",
        b"!Type:CCard\n",
        b"!Type:Invst\n",
        b"!Account\n",
        b"!Option:AutoSwitch\n",
        b"!Clear:AutoSwitch\n",
        b"\n^\n",
        b"\nD03.04.26",
        b"\nD3/ 1'26",
        b"\nD29/02/2026",
        b"\nT-1.234,50",
        b"\nT1,234",
        b"\nU10",
        b"\nSFood\n$5.00",
        b"\n$-5.00",
        b"\nPOpening Balance",
        b"\nL[Checking]",
        b"\nN1042",
        b"999999999999999,99",
    ),
)
