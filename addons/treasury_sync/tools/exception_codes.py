"""The words of the exceptions that payments bring; each code has its section in ``docs/runbooks.md``."""

from odoo.addons.finance_connector_base.tools.errors import Severity
from odoo.addons.finance_connector_base.tools.exception_codes import register

# === THE FILE === #

register(
    "payment_format_unknown",
    "No format of that name",
    Severity.HIGH,
    "Choose a format on the payment channel that this release knows, then generate the order again.",
)
register(
    "payment_profile_invalid",
    "The bank's profile cannot be used",
    Severity.HIGH,
    "Choose a profile and choices on the payment channel that exist, then generate the order again.",
)
register(
    "payment_file_invalid",
    "A payment file breaks its format",
    Severity.HIGH,
    "Correct what the message names and generate the order again. Nothing was approved or sent.",
)
register(
    "payment_file_changed",
    "A payment file is not what was generated",
    Severity.CRITICAL,
    "Do not send anything. Cancel the order, tell whoever looks after the database, and make a new one.",
)

register(
    "payment_key_invalid",
    "A payment file cannot be signed or encrypted",
    Severity.HIGH,
    "Enter the key or certificate that the message names on the connection, then retry. Nothing was sent.",
)
register(
    "payment_seal_impossible",
    "This file cannot be signed that way",
    Severity.HIGH,
    "Choose on the payment channel how its files are signed and encrypted, then retry. Nothing was sent.",
)

# === CONTROL === #

register(
    "payment_not_approved",
    "A payment order may not be sent as it stands",
    Severity.HIGH,
    "Do what the message says. Take the order back to draft and have it approved again, or cancel it.",
)
register(
    "payment_held",
    "A payment order is held",
    Severity.HIGH,
    "Look at what it is held for. A second person releases it, or the order is cancelled.",
)

# === THE BANK'S ANSWER === #

register(
    "payment_rejected",
    "The bank did not execute a payment",
    Severity.HIGH,
    "Read the bank's reason. The bills are open again: correct the cause and pay them with a new order.",
)
register(
    "payment_returned",
    "A payment came back",
    Severity.HIGH,
    "Ask the vendor for the right account. The bills are open again: pay them with a new order.",
)
register(
    "payment_refused",
    "The bank took nothing of a payment file",
    Severity.HIGH,
    "Read the bank's words. Correct the cause, take the order back to draft and have it approved again.",
)
register(
    "payment_status_unavailable",
    "The bank cannot be asked what became of an order",
    Severity.HIGH,
    "Look at the bank's portal or call the bank, then record what it has on the payment order.",
)
register(
    "payment_report_unreadable",
    "A status report of the bank cannot be read",
    Severity.HIGH,
    "Ask the bank for the report again. What was known of the payments stays as it is.",
)
register(
    "payment_status_conflict",
    "The bank says two things that cannot both be true",
    Severity.HIGH,
    "Ask the bank what became of the payment, and look at the statement: what is booked there counts.",
)
register(
    "payment_status_unknown",
    "The bank speaks of a payment that is not known",
    Severity.HIGH,
    "Compare the bank's report with the order. If the bank has a payment that Odoo does not, call the bank at once.",
)
register(
    "payment_no_answer",
    "The bank has not said what became of a payment order",
    Severity.HIGH,
    "Look at the bank's portal or call the bank. Upload its status report, or record what it has on the payment order."
    " Do not pay again before you know.",
)
