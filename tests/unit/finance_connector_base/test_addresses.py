"""To whom an address leads."""

import pytest

from odoo.addons.finance_connector_base.tools.addresses import destination


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("https://bank.example", "https://bank.example:443"),
        ("https://BANK.example:443/v2/accounts?page=2#x", "https://bank.example:443"),
        ("https://bank.example@evil.example/", "https://evil.example:443"),
        ("https://bank.example:8443", "https://bank.example:8443"),
        ("http://bank.example", "http://bank.example:80"),
        ("sftp://bank.example/in", "sftp://bank.example:22"),
        ("https://[2001:db8::1]/x", "https://2001:db8::1:443"),
        (" /srv/bank-files ", "/srv/bank-files"),
        ("https://bank.example:port", "https://bank.example:port"),
        ("https://[broken", "https://[broken"),
        (None, ""),
    ],
)
def test_destination_is_scheme_host_and_port(address, place):
    assert destination(address) == place
