"""Fuzz target: the reader of CODA."""

from odoo.addons.bank_statement_api.tools import coda

from tests.fuzz.driver import Target, samples

TARGET = Target(
    read=coda.read,
    seeds=samples("coda"),
    words=(
        b"0000",
        b"12",
        b"21",
        b"22",
        b"23",
        b"31",
        b"32",
        b"33",
        b"4 ",
        b"8",
        b"9",
        b"101",
        b"105",
        b"113",
        b"127",
        b"001",
        b"008",
        b"EUR",
        b"USD",
        b"JPY",
        b"999999999999999",
        b"290226",
        b" " * 35,
    ),
)
