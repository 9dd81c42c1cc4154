"""Status reports in the suite's own JSON form (``schemas/``): what a treasury platform answers and sends."""

import json

from odoo.addons.finance_connector_base.tools.errors import BusinessError

from .documents import PaymentStatus, status_from_dict


def looks_like(content):
    """Tell whether ``content`` is JSON that speaks of a payment order.

    :param bytes content: as received.
    """
    try:
        document = json.loads(content)
    except ValueError:
        return False
    return isinstance(document, dict) and "original_message_id" in document


def read(content):
    """Read a status report.

    :param bytes content: JSON.
    :rtype: PaymentStatus
    :raise BusinessError: ``payment_report_unreadable``, it is no such report
    """
    try:
        report = status_from_dict(json.loads(content))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BusinessError(
            "payment_report_unreadable",
            f"The status report cannot be read: {error}",
            next_step="Ask for the report again; what was known of the payments stays.",
        ) from error
    if not isinstance(report, PaymentStatus) or not report.original_message_id:
        raise BusinessError(
            "payment_report_unreadable", "The status report names no payment order."
        )
    return report
