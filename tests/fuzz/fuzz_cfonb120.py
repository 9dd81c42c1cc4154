"""Fuzz target: the reader of CFONB 120."""

from odoo.addons.bank_statement_api.tools import cfonb120

from tests.fuzz.driver import Target, samples

TARGET = Target(
    read=cfonb120.read,
    seeds=samples("cfonb120"),
    words=(
        b"01",
        b"04",
        b"05",
        b"07",
        b"LIB",
        b"LCC",
        b"LCS",
        b"NPY",
        b"NBE",
        b"RCN",
        b"REF",
        b"MMOUSD2",
        b"FEEEUR2",
        b"RUM",
        b"{",
        b"}",
        b"J",
        b"EUR",
        b"JPY",
        b"99999999999999",
        b"290226",
        b" " * 31,
    ),
)
