"""Fuzz target: the reader of BAI2."""

from odoo.addons.bank_statement_api.tools import bai2

from tests.fuzz.driver import Target, samples

TARGET = Target(
    read=bai2.read,
    seeds=samples("bai2"),
    words=(
        b"01,",
        b"02,",
        b"03,",
        b"16,",
        b"49,",
        b"88,",
        b"98,",
        b"99,",
        b",/",
        b"/",
        b",S,",
        b",V,",
        b",D,99,",
        b",Z,",
        b"010",
        b"015",
        b"100",
        b"400",
        b"165",
        b"890",
        b"720",
        b"-1",
        b"+1",
        b"999999999999999999",
        b"USD",
        b"JPY",
        b"2400",
    ),
)
