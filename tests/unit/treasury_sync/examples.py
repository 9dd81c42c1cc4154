"""A payment order as the tests use it."""

import dataclasses
from datetime import UTC, date, datetime
from decimal import Decimal

# A message is known once its writer is imported.
from odoo.addons.treasury_sync.tools import documents, formats, pain001, pain008  # noqa: F401

PARIS = documents.Address(
    street="Rue de la Paix", building_number="1", postcode="75002", town="Paris", country="FR"
)
ZURICH = documents.Address(street="Bahnhofstrasse 1", postcode="8001", town="Zürich", country="CH")


def instruction(number=1, **changes):
    values = {
        "instruction_id": f"I-{number}",
        "end_to_end_id": f"E2E-{number}",
        "uetr": f"7c7e9f2c-1111-4111-8111-{number:012}",
        "amount": Decimal("100.50"),
        "currency": "EUR",
        "party": documents.Party(name="Vendor SARL", address=PARIS),
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


def grouped(found, **changes):
    """The same order with another head of its group."""
    return dataclasses.replace(
        found, groups=tuple(dataclasses.replace(group, **changes) for group in found.groups)
    )


def debit(number=1, **changes):
    values = {
        "party": documents.Party(name="Customer SA", address=PARIS),
        "account": documents.Account(
            iban="FR7630006000011234567890189", agent=documents.Agent(bic="AGRIFRPP")
        ),
        "mandate": documents.Mandate(
            reference=f"M-{number}", signed_on=date(2026, 1, 2), sequence="RCUR"
        ),
    }
    return instruction(number, **{**values, **changes})


def collection(*instructions, **changes):
    """A direct debit order."""
    return grouped(
        order(*(instructions or (debit(1), debit(2))), kind=documents.DIRECT_DEBIT),
        **{"creditor_scheme_id": "DE98ZZZ09999999999", **changes},
    )


def filed(found, code, profile, **options):
    """The bytes of an order, proven."""
    payment_format, chosen = formats.find(code), formats.Profile(profile, options)
    content = payment_format.write(found, chosen)
    payment_format.validate(content, chosen)
    return content
