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
    "payment_report_own",
    "The bank's answer was uploaded by whoever prepared the payments",
    Severity.HIGH,
    "Have somebody who prepared nothing of the order get the answer from the bank and upload it. Nothing was changed.",
)
register(
    "payment_report_elsewhere",
    "A connection reports on an order that is not its own",
    Severity.HIGH,
    "Ask the bank that the order was sent to what became of it. If this connection is of that bank as well, name it on"
    " the payment channel and retry. Nothing was changed.",
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

register(
    "payment_recalled",
    "The bank cancelled a payment that was recalled",
    Severity.HIGH,
    "The money did not leave. The bill is open again, and the next payment run proposes it: reverse a bill that is not"
    " to be paid, and pay one that is with a new order.",
)
register(
    "payment_recall_refused",
    "The bank does not cancel a payment",
    Severity.HIGH,
    "Read the bank's reason. The payment goes on, or has gone: ask the recipient to send the money back. Do not pay its"
    " bill again.",
)
register(
    "payment_recall_unknown",
    "The bank answers a recall that is not known",
    Severity.HIGH,
    "Compare the answer with the recalls of the order, and ask the bank which payment it means. Until then all payments"
    " count as before.",
)

# === CASH POSITIONS === #

register(
    "position_missing",
    "A position lacks the balance of an account",
    Severity.HIGH,
    "Connect the account or upload its statement. If it is not to be part of the position, say so on its journal.",
)
register(
    "position_stale",
    "A balance in the position is too old",
    Severity.MEDIUM,
    "Fetch the account's statements, or look at its feed. The next position that has a newer balance closes this.",
)
register(
    "position_broken",
    "Statements behind a balance are missing or do not add up",
    Severity.HIGH,
    "Open Coverage and bring what is missing. The balance counts, but nothing proves it.",
)
register(
    "position_unmapped",
    "The group has no code for an entity",
    Severity.MEDIUM,
    "Add the entity to the mapping table of kind Entity, with the code that the group uses.",
)
register(
    "position_rate_missing",
    "There is no exchange rate for a currency",
    Severity.HIGH,
    "Enter the rate of the day in the currency. What has no rate is left out of the group's figures.",
)
register(
    "position_rate_old",
    "An exchange rate is too old",
    Severity.MEDIUM,
    "Enter a newer rate, or allow older ones on the group.",
)
register(
    "position_failed",
    "A position could not be frozen",
    Severity.HIGH,
    "Read the error and correct its cause. The next scheduled run closes this.",
)

register(
    "position_receipt_differs",
    "The platform has another position than was sent",
    Severity.HIGH,
    "Compare both figures with the platform's owner. Do not report from either until they are equal.",
)
register(
    "position_receipt_unknown",
    "A receipt for a position that was not sent",
    Severity.MEDIUM,
    "Ask the platform's owner which environment it belongs to.",
)

# === GATEWAYS === #

register(
    "settlement_unreadable",
    "A gateway's message cannot be read",
    Severity.HIGH,
    "Look at the message. If the gateway changed its form, the adapter or its mapping has to follow; then retry.",
)
register(
    "settlement_unmatched",
    "A gateway's payment names no invoice",
    Severity.MEDIUM,
    "Open the payment, press “Assign Invoices” and choose what it pays. The money is booked on account until then.",
)
register(
    "settlement_overpaid",
    "A gateway's payment is more than its invoice",
    Severity.MEDIUM,
    "Refund the rest at the gateway, or use it for another invoice of the customer.",
)
register(
    "settlement_date_locked",
    "A gateway's money moved in a locked period",
    Severity.HIGH,
    "Open the period for a moment and retry; or ask whoever closed it.",
)
register(
    "settlement_rate_missing",
    "No exchange rate for a gateway's payment",
    Severity.HIGH,
    "Enter the rate of the currency for the day and retry. Nothing is ever booked at a rate of one.",
)
register(
    "payout_not_proven",
    "A payout is not explained",
    Severity.HIGH,
    "Look at the rows named. What is missing may still come; else correct it, or book the rows as a difference.",
)
register(
    "payout_failed",
    "A payout came back",
    Severity.HIGH,
    "Correct the bank account at the gateway. The money is part of its next payout; resolve when that has come.",
)
register(
    "gateway_failing",
    "A gateway cannot be fetched",
    Severity.MEDIUM,
    "Read the error. Events wait at the gateway and are fetched as soon as it works again.",
)
register(
    "gateway_not_described",
    "A gateway has no description in force",
    Severity.HIGH,
    "Put the description into the settings of the interface's version and have somebody activate it.",
)

# === JOURNALS FROM OUTSIDE === #

register(
    "journal_batch_invalid",
    "A batch of journals cannot be read",
    Severity.HIGH,
    "Ask the sender for a correct batch under a new key. Nothing of this one was booked.",
)
register(
    "journal_totals_differ",
    "A batch is not what its control totals say",
    Severity.HIGH,
    "Ask the sender: something was lost or added on the way. Nothing of the batch was booked.",
)
register(
    "journal_row_invalid",
    "A row of a journal cannot be booked",
    Severity.MEDIUM,
    "Have the sender correct the row and send the document again under a new key. None of its rows was booked.",
)
register(
    "journal_not_balanced",
    "A journal does not balance",
    Severity.HIGH,
    "Have the sender correct the document and send it again under a new key. None of its rows was booked.",
)
register(
    "journal_entity_foreign",
    "A journal is for a company this interface does not book for",
    Severity.HIGH,
    "Send it over the interface of that company, or correct the mapping of the entity.",
)
register(
    "journal_period_closed",
    "A journal is dated in a locked period",
    Severity.HIGH,
    "Open the period for a moment and retry, or have it sent with another date under a new key.",
)
register(
    "journal_rate_missing",
    "No exchange rate for a journal",
    Severity.HIGH,
    "Enter the rate of the currency for the day and retry. Nothing is ever booked at a rate of one.",
)
register(
    "journal_document_changed",
    "A journal came again with other content",
    Severity.HIGH,
    "Ask the sender which one is right. To replace the first, have it taken back and sent under a new number.",
)
register(
    "journal_reversal_unknown",
    "A reversal takes back what is not there",
    Severity.MEDIUM,
    "Look for the document it names. If it comes later, retry; if its entry is a draft, post it and retry.",
)
