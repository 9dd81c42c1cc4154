"""Payments in the JSON of NextGenPSD2 (Berlin Group, implementation guidelines 1.3.11, sections 5.3 and 14).

One payment is a single payment; several are a bulk of one account and day.
"""

import json

from odoo.addons.finance_connector_base.tools.errors import BusinessError

from .documents import CREDIT_TRANSFER, GroupStatus, PaymentStatus, TransactionStatus
from .formats import PaymentFormat, register

CODE = "nextgenpsd2.json"
_MAX_TEXT = 140


def write(order, profile):
    """Write ``order`` as the body of one request.

    :rtype: bytes
    :raise BusinessError: ``payment_file_invalid``, it has several groups or a payment without an IBAN
    """
    if len(order.groups) != 1:
        raise _invalid("the interface takes one account and day at a time")
    [group] = order.groups
    payments = [_payment(item) for item in group.instructions]
    common = {
        "debtorAccount": _account(group.account, "the paying account"),
        "requestedExecutionDate": group.requested_date.isoformat(),
    }
    if len(payments) == 1:
        body = {**common, **payments[0]}
    else:
        body = {
            **common,
            "batchBookingPreferred": bool(group.batch_booking),
            "paymentInformationId": group.group_id,
            "payments": payments,
        }
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def validate(content, profile):
    """Prove that ``content`` is such a body.

    :raise BusinessError: ``payment_file_invalid``
    """
    try:
        body = json.loads(content)
        payments = body.get("payments", [body])
        complete = bool(payments) and all(
            item["endToEndIdentification"]
            and item["creditorAccount"]["iban"]
            and item["creditorName"]
            and item["instructedAmount"]["amount"]
            for item in payments
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        complete = False
    if not complete:
        raise _invalid("it is not the JSON of a NextGenPSD2 payment")


def read_status(content, message_id):
    """Read the answer to a question: of the order, and of each payment where the bank tells it.

    :param bytes content: JSON.
    :return: None where it says no more than that it was received
    :rtype: PaymentStatus | None
    """
    answer = json.loads(content)
    code = answer.get("transactionStatus") if isinstance(answer, dict) else None
    items = answer.get("payments") if code else None
    transactions = tuple(
        TransactionStatus(
            status=item.get("transactionStatus"), end_to_end_id=item.get("endToEndIdentification")
        )
        for item in items or ()
        if isinstance(item, dict)
    )
    if code is None or (code == "RCVD" and not transactions):
        return None
    return PaymentStatus(
        source_format="nextgenpsd2",
        source_version="1.3.11",
        original_message_id=message_id,
        status=code,
        groups=(GroupStatus(group_id=None, transactions=transactions),) if transactions else (),
    )


def _payment(item):
    where = f"payment {item.end_to_end_id} to {item.party.name}"
    payment = {
        "endToEndIdentification": item.end_to_end_id,
        "instructionIdentification": item.instruction_id,
        "instructedAmount": {"amount": format(item.amount, "f"), "currency": item.currency},
        "creditorAccount": _account(item.account, where),
        "creditorName": item.party.name[:70],
        "creditorAgent": item.account.agent.bic,
        "creditorAddress": _address(item.party.address),
        "chargeBearer": item.charge_bearer,
        "remittanceInformationUnstructured": (item.remittance or "")[:_MAX_TEXT] or None,
    }
    if item.references:
        [first, *_rest] = item.references
        payment["remittanceInformationStructured"] = {
            "reference": first.value,
            "referenceType": first.type,
        }
        payment.pop("remittanceInformationUnstructured")
    return {name: value for name, value in payment.items() if value}


def _account(account, where):
    if not account.iban:
        raise _invalid(f"{where} has no IBAN")
    return {"iban": account.iban}


def _address(address):
    if not address or not address.country:
        return None
    values = {
        "streetName": address.street,
        "buildingNumber": address.building_number,
        "postCode": address.postcode,
        "townName": address.town,
        "country": address.country,
    }
    return {name: value for name, value in values.items() if value}


def _invalid(why):
    return BusinessError(
        "payment_file_invalid",
        f"The payments cannot be written for the bank's interface: {why}.",
        next_step="Correct the payment, or choose a file format on the payment channel.",
    )


FORMAT = register(
    PaymentFormat(
        code=CODE,
        name="NextGenPSD2 payments (JSON)",
        kinds=frozenset({CREDIT_TRANSFER}),
        write=write,
        validate=validate,
        extension="json",
        content_type="application/json",
    )
)
