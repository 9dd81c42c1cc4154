"""A payment order as the tests use it."""

from datetime import UTC, date, datetime
from decimal import Decimal

from odoo.addons.treasury_sync.tools import documents


def instruction(number=1, **changes):
    values = {
        "instruction_id": f"I-{number}",
        "end_to_end_id": f"E2E-{number}",
        "amount": Decimal("100.50"),
        "currency": "EUR",
        "party": documents.Party(
            name="Vendor SARL",
            address=documents.Address(
                street="Rue de la Paix",
                building_number="1",
                postcode="75002",
                town="Paris",
                country="FR",
            ),
        ),
        "account": documents.Account(iban="FR7630006000011234567890189"),
        "remittance": "Invoice V1",
    }
    return documents.PaymentInstruction(**{**values, **changes})


def order(*instructions, **changes):
    payer = documents.Party(name="Alder AG")
    group = documents.PaymentGroup(
        group_id="PO-1-1",
        requested_date=date(2026, 11, 27),
        party=payer,
        account=documents.Account(
            iban="DE89370400440532013000", agent=documents.Agent(bic="COBADEFFXXX")
        ),
        instructions=instructions or (instruction(1), instruction(2)),
    )
    values = {
        "kind": documents.CREDIT_TRANSFER,
        "message_id": "PO-1",
        "created_at": datetime(2026, 11, 26, 10, 0, tzinfo=UTC),
        "initiator": payer,
        "groups": (group,),
    }
    return documents.PaymentOrder(**{**values, **changes})
