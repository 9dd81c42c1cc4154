from decimal import Decimal

import pytest

from odoo.addons.reporting_export.tools.contract import Column, Contract


@pytest.fixture
def contract():
    return Contract(
        dataset="items",
        version=3,
        title="Items",
        columns=(
            Column(name="id", type="integer", path="id", required=True, key=True),
            Column(name="account", type="string", path="account_id.code", required=True),
            Column(name="currency", type="string", path="currency_id.name"),
            Column(name="balance", type="decimal", path="balance", required=True),
            Column(name="label", type="string", path="name", personal=True),
            Column(name="date", type="date", path="date"),
            Column(name="seen", type="timestamp", path="create_date"),
            Column(name="done", type="boolean", path="reconciled"),
        ),
        account="account",
        currency="currency",
        sums=("balance",),
    )


ROWS = (
    '1,400,EUR,10.50,"a ""quoted"" text",2026-01-31,2026-02-01 10:00:00.5,t\n'
    '2,400,EUR,-0.01,"",2026-01-31,,f\n'
    "3,500,JPY,1000,=1+1,,,\n"
)
SUMS = {("acme", "400", "EUR"): Decimal("10.49"), ("acme", "500", "JPY"): Decimal(1000)}
