"""Fuzz target: the reader of Norma 43."""

from odoo.addons.bank_statement_api.tools import norma43

from tests.fuzz.driver import Target, samples

TARGET = Target(
    read=norma43.read,
    seeds=samples("norma43"),
    words=(
        b"00",
        b"11",
        b"22",
        b"23",
        b"24",
        b"33",
        b"88",
        b"978",
        b"840",
        b"392",
        b"000",
        b"1",
        b"2",
        b"99999999999999",
        b"260229",
        b"9" * 18,
        b" " * 38,
    ),
)
