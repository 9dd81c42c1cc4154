"""The words of the exceptions that payments bring; each code has its section in ``docs/runbooks.md``."""

# There is no env here: texts are only marked, and the models translate them.
# pylint: disable=prefer-env-translation

from odoo.addons.finance_connector_base.tools.errors import Severity
from odoo.addons.finance_connector_base.tools.exception_codes import _, register_of

register = register_of("treasury_sync")

# === THE FILE === #

register(
    "payment_format_unknown",
    _("No format of that name"),
    Severity.HIGH,
    _(
        "Choose a format on the payment channel that this release knows, then generate the order again."
    ),
)
register(
    "payment_profile_invalid",
    _("The bank's profile cannot be used"),
    Severity.HIGH,
    _(
        "Choose a profile and choices on the payment channel that exist, then generate the order again."
    ),
)
register(
    "payment_file_invalid",
    _("A payment file breaks its format"),
    Severity.HIGH,
    _("Correct what the message names and generate the order again. Nothing was approved or sent."),
)
register(
    "payment_file_changed",
    _("A payment file is not what was generated"),
    Severity.CRITICAL,
    _(
        "Do not send anything. Cancel the order, tell whoever looks after the database, and make a new one."
    ),
)

register(
    "payment_key_invalid",
    _("A payment file cannot be signed or encrypted"),
    Severity.HIGH,
    _(
        "Enter the key or certificate that the message names on the connection, then retry. Nothing was sent."
    ),
)
register(
    "payment_seal_impossible",
    _("This file cannot be signed that way"),
    Severity.HIGH,
    _(
        "Choose on the payment channel how its files are signed and encrypted, then retry. Nothing was sent."
    ),
)

# === CONTROL === #

register(
    "payment_not_approved",
    _("A payment order may not be sent as it stands"),
    Severity.HIGH,
    _(
        "Do what the message says. Take the order back to draft and have it approved again, or cancel it."
    ),
)
register(
    "payment_held",
    _("A payment order is held"),
    Severity.HIGH,
    _("Look at what it is held for. A second person releases it, or the order is cancelled."),
)

# === THE BANK'S ANSWER === #

register(
    "payment_rejected",
    _("The bank did not execute a payment"),
    Severity.HIGH,
    _(
        "Read the bank's reason, correct the cause, and press Correct and Pay Again on the order:"
        " what it paid is open again."
    ),
)
register(
    "payment_returned",
    _("A payment came back"),
    Severity.HIGH,
    _(
        "Ask the vendor for the right account, and press Correct and Pay Again on the order:"
        " what it paid is open again."
    ),
)
register(
    "payment_refused",
    _("The bank took nothing of a payment file"),
    Severity.HIGH,
    _(
        "Read the bank's words. Correct the cause, take the order back to draft and have it approved again."
    ),
)
register(
    "payment_status_unavailable",
    _("The bank cannot be asked what became of an order"),
    Severity.HIGH,
    _("Look at the bank's portal or call the bank, then record what it has on the payment order."),
)
register(
    "payment_report_unreadable",
    _("A status report of the bank cannot be read"),
    Severity.HIGH,
    _("Ask the bank for the report again. What was known of the payments stays as it is."),
)
register(
    "payment_report_own",
    _("The bank's answer was uploaded by whoever prepared the payments"),
    Severity.HIGH,
    _(
        "Have somebody who prepared nothing of the order get the answer from the bank and upload it."
        " Nothing was changed."
    ),
)
register(
    "payment_report_elsewhere",
    _("A connection reports on an order that is not its own"),
    Severity.HIGH,
    _(
        "Ask the bank that the order was sent to what became of it. If this connection is of that bank"
        " as well, name it on"
        " the payment channel and retry. Nothing was changed."
    ),
)
register(
    "payment_status_conflict",
    _("The bank says two things that cannot both be true"),
    Severity.HIGH,
    _(
        "Ask the bank what became of the payment, and look at the statement: what is booked there counts."
    ),
)
register(
    "payment_status_unknown",
    _("The bank speaks of a payment that is not known"),
    Severity.HIGH,
    _(
        "Compare the bank's report with the order. If the bank has a payment that Odoo does not, call the bank at once."
    ),
)
register(
    "payment_no_answer",
    _("The bank has not said what became of a payment order"),
    Severity.HIGH,
    _(
        "Look at the bank's portal or call the bank. Upload its status report, or record what it has on"
        " the payment order."
        " Do not pay again before you know."
    ),
)

register(
    "payment_recalled",
    _("The bank cancelled a payment that was recalled"),
    Severity.HIGH,
    _(
        "The money did not leave. The bill is open again, and the next payment run proposes it: reverse"
        " a bill that is not"
        " to be paid, and pay one that is with a new order."
    ),
)
register(
    "payment_recall_refused",
    _("The bank does not cancel a payment"),
    Severity.HIGH,
    _(
        "Read the bank's reason. The payment goes on, or has gone: ask the recipient to send the money"
        " back. Do not pay its"
        " bill again."
    ),
)
register(
    "payment_recall_unknown",
    _("The bank answers a recall that is not known"),
    Severity.HIGH,
    _(
        "Compare the answer with the recalls of the order, and ask the bank which payment it means."
        " Until then all payments"
        " count as before."
    ),
)

# === CASH POSITIONS === #

register(
    "position_missing",
    _("A position lacks the balance of an account"),
    Severity.HIGH,
    _(
        "Connect the account or upload its statement. If it is not to be part of the position, say so on its journal."
    ),
)
register(
    "position_stale",
    _("A balance in the position is too old"),
    Severity.MEDIUM,
    _(
        "Fetch the account's statements, or look at its feed. The next position that has a newer balance closes this."
    ),
)
register(
    "position_broken",
    _("Statements behind a balance are missing or do not add up"),
    Severity.HIGH,
    _("Open Coverage and bring what is missing. The balance counts, but nothing proves it."),
)
register(
    "position_unmapped",
    _("The group has no code for an entity"),
    Severity.MEDIUM,
    _("Add the entity to the mapping table of kind Entity, with the code that the group uses."),
)
register(
    "position_rate_missing",
    _("There is no exchange rate for a currency"),
    Severity.HIGH,
    _(
        "Enter the rate of the day in the currency. What has no rate is left out of the group's figures."
    ),
)
register(
    "position_rate_old",
    _("An exchange rate is too old"),
    Severity.MEDIUM,
    _("Enter a newer rate, or allow older ones on the group."),
)
register(
    "position_failed",
    _("A position could not be frozen"),
    Severity.HIGH,
    _("Read the error and correct its cause. The next scheduled run closes this."),
)

register(
    "position_receipt_differs",
    _("The platform has another position than was sent"),
    Severity.HIGH,
    _(
        "Compare both figures with the platform's owner. Do not report from either until they are equal."
    ),
)
register(
    "position_receipt_unknown",
    _("A receipt for a position that was not sent"),
    Severity.MEDIUM,
    _("Ask the platform's owner which environment it belongs to."),
)

# === GATEWAYS === #

register(
    "settlement_unreadable",
    _("A gateway's message cannot be read"),
    Severity.HIGH,
    _(
        "Look at the message. If the gateway changed its form, the adapter or its mapping has to follow; then retry."
    ),
)
register(
    "settlement_unmatched",
    _("A gateway's payment names no invoice"),
    Severity.MEDIUM,
    _(
        "Open the payment, press “Assign Invoices” and choose what it pays. The money is booked on account until then."
    ),
)
register(
    "settlement_overpaid",
    _("A gateway's payment is more than its invoice"),
    Severity.MEDIUM,
    _("Refund the rest at the gateway, or use it for another invoice of the customer."),
)
register(
    "settlement_date_locked",
    _("A gateway's money moved in a locked period"),
    Severity.HIGH,
    _("Open the period for a moment and retry; or ask whoever closed it."),
)
register(
    "settlement_rate_missing",
    _("No exchange rate for a gateway's payment"),
    Severity.HIGH,
    _(
        "Enter the rate of the currency for the day and retry. Nothing is ever booked at a rate of one."
    ),
)
register(
    "payout_not_proven",
    _("A payout is not explained"),
    Severity.HIGH,
    _(
        "Look at the rows named. What is missing may still come; else correct it, or book the rows as a difference."
    ),
)
register(
    "payout_failed",
    _("A payout came back"),
    Severity.HIGH,
    _(
        "Correct the bank account at the gateway. The money is part of its next payout; resolve when that has come."
    ),
)
register(
    "gateway_failing",
    _("A gateway cannot be fetched"),
    Severity.MEDIUM,
    _("Read the error. Events wait at the gateway and are fetched as soon as it works again."),
)
register(
    "gateway_not_described",
    _("A gateway has no description in force"),
    Severity.HIGH,
    _(
        "Put the description into the settings of the interface's version and have somebody activate it."
    ),
)

# === JOURNALS FROM OUTSIDE === #

register(
    "journal_batch_invalid",
    _("A batch of journals cannot be read"),
    Severity.HIGH,
    _("Ask the sender for a correct batch under a new key. Nothing of this one was booked."),
)
register(
    "journal_totals_differ",
    _("A batch is not what its control totals say"),
    Severity.HIGH,
    _("Ask the sender: something was lost or added on the way. Nothing of the batch was booked."),
)
register(
    "journal_row_invalid",
    _("A row of a journal cannot be booked"),
    Severity.MEDIUM,
    _(
        "Have the sender correct the row and send the document again under a new key. None of its rows was booked."
    ),
)
register(
    "journal_not_balanced",
    _("A journal does not balance"),
    Severity.HIGH,
    _(
        "Have the sender correct the document and send it again under a new key. None of its rows was booked."
    ),
)
register(
    "journal_entity_foreign",
    _("A journal is for a company this interface does not book for"),
    Severity.HIGH,
    _("Send it over the interface of that company, or correct the mapping of the entity."),
)
register(
    "journal_period_closed",
    _("A journal is dated in a locked period"),
    Severity.HIGH,
    _("Open the period for a moment and retry, or have it sent with another date under a new key."),
)
register(
    "journal_rate_missing",
    _("No exchange rate for a journal"),
    Severity.HIGH,
    _(
        "Enter the rate of the currency for the day and retry. Nothing is ever booked at a rate of one."
    ),
)
register(
    "journal_document_changed",
    _("A journal came again with other content"),
    Severity.HIGH,
    _(
        "Ask the sender which one is right. To replace the first, have it taken back and sent under a new number."
    ),
)
register(
    "journal_reversal_unknown",
    _("A reversal takes back what is not there"),
    Severity.MEDIUM,
    _(
        "Look for the document it names. If it comes later, retry; if its entry is a draft, post it and retry."
    ),
)
