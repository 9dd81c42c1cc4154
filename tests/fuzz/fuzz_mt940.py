"""Fuzz target: the reader of MT940 and MT942."""

from odoo.addons.bank_statement_api.tools import mt940

from tests.fuzz.driver import Target, samples

TARGET = Target(
    read=mt940.read,
    seeds=samples("mt940", "mt942"),
    words=(
        b":20:",
        b":25:",
        b":28C:",
        b":60F:",
        b":60M:",
        b":61:",
        b":62F:",
        b":62M:",
        b":64:",
        b":65:",
        b":86:",
        b":90C:",
        b":90D:",
        b":13D:",
        b":34F:",
        b":NS:",
        b"{1:",
        b"{2:",
        b"{4:",
        b"-}",
        b"RC",
        b"RD",
        b"EC",
        b"NTRF",
        b"//",
        b"?20",
        b"?31",
        b"/REMI/",
        b"/NAME/",
        b"EREF+",
        b"SVWZ+",
        b"/OCMT/EUR1,00",
        b"/EXCH/0,9",
        b"TYT.: ",
        b"EUR",
        b"999999999999999,99",
        b"0229",
    ),
)
