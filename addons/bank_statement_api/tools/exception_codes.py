"""The words of the exceptions that bank statements bring; each code has its section in ``docs/runbooks.md``."""

# There is no env here: texts are only marked, and the models translate them.
# pylint: disable=prefer-env-translation

from odoo.addons.finance_connector_base.tools.errors import Severity
from odoo.addons.finance_connector_base.tools.exception_codes import _, register_of

register = register_of("bank_statement_api")

# === THE FEED === #

register(
    "consent_expired",
    _("The bank's consent has ended"),
    Severity.HIGH,
    _(
        "Open the consent, request it again and confirm it on the bank's page. The days missed are"
        " fetched by themselves."
    ),
)
register(
    "consent_invalid",
    _("The bank does not accept the consent"),
    Severity.HIGH,
    _(
        "Ask the account holder whether the consent was withdrawn; request it again and confirm it on the bank's page."
    ),
)
register(
    "feed_failing",
    _("A bank feed cannot be fetched"),
    Severity.MEDIUM,
    _(
        "Read the error on the feed. Statements can be uploaded by hand meanwhile; the feed will recognise their lines."
    ),
)
register(
    "folder_not_allowed",
    _("The folder is not allowed"),
    Severity.MEDIUM,
    _(
        "Have an administrator name a parent of the folder in odoo.conf, section [finance], option file_roots."
    ),
)
register(
    "folder_unreadable",
    _("The folder cannot be used"),
    Severity.MEDIUM,
    _("Create the folder, or give Odoo's system user the right to read and write it."),
)
register(
    "file_too_large",
    _("A file is too large"),
    Severity.MEDIUM,
    _("Ask the sender for smaller files, or move this one away to let the others through."),
)

register(
    "mail_sender_refused",
    _("A mail of an unknown sender was refused"),
    Severity.MEDIUM,
    _(
        "Nothing of it was taken. If it is the bank, add its address to the allowed senders and have the"
        " mail sent again."
    ),
)
register(
    "mail_without_statement",
    _("A mail brought no statement"),
    Severity.MEDIUM,
    _(
        "Ask the sender what it was meant to bring. Its text was not kept; files not of the feed's"
        " pattern were not taken."
    ),
)

# === THE DOCUMENT === #

register(
    "statement_format",
    _("The file is damaged or no statement"),
    Severity.HIGH,
    _(
        "Nothing of it was booked. Ask the bank to send it again; the damaged file stays as evidence."
    ),
)
register(
    "statement_version",
    _("The statement's version is not known"),
    Severity.MEDIUM,
    _(
        "Nothing of it was booked. Ask the bank for a version that is read here: CAMT 02 to 13, BAI2, or CODA 2."
    ),
)
register(
    "statement_unknown",
    _("The file's format is not known"),
    Severity.MEDIUM,
    _("Nothing of it was booked. Check that it is the statement as the bank gave it."),
)
register(
    "statement_empty",
    _("The file holds no statement"),
    Severity.MEDIUM,
    _(
        "Check with the bank whether a statement was meant to be in it, then ignore it with a reason."
    ),
)
register(
    "statement_currency",
    _("The file does not say its account or currency"),
    Severity.MEDIUM,
    _(
        "Nothing of it was booked. Choose the bank account on the bank feed, or upload the file with it; then retry."
    ),
)
register(
    "statement_profile",
    _("The table does not fit a column profile"),
    Severity.MEDIUM,
    _(
        "Nothing of it was booked. Choose the profile made for this bank's table, or correct it, then retry."
    ),
)
register(
    "statement_ambiguous",
    _("The file can be read in several ways"),
    Severity.MEDIUM,
    _(
        "Nothing of it was booked. Set on the bank feed, or at the upload, what the file does not say, and retry."
    ),
)
register(
    "account_unmapped",
    _("The account belongs to no journal"),
    Severity.HIGH,
    _(
        "Set the account number and currency on its bank journal, or map the account to a journal, then retry."
    ),
)
register(
    "statement_elsewhere",
    _("Another connection speaks of the account"),
    Severity.HIGH,
    _(
        "Nothing was booked. Whose connection is it? Name it on the journal under Statements Only Over"
        " and retry; or ignore"
        " the statement with a reason."
    ),
)

# === THE PROOF === #

register(
    "statement_balance_break",
    _("Opening, lines and closing do not add up"),
    Severity.HIGH,
    _(
        "Compare with the bank's own statement. Retry when it was corrected; resolve with a reason to book it as it is."
    ),
)
register(
    "statement_opening_break",
    _("The opening does not continue the last closing"),
    Severity.HIGH,
    _(
        "A statement is probably missing: fetch or upload it and this one follows. Or resolve with a reason to book it."
    ),
)
register(
    "statement_sequence_gap",
    _("A statement number is missing"),
    Severity.HIGH,
    _(
        "Fetch or upload the missing statement and this one follows. Or resolve with a reason to book it as it is."
    ),
)
register(
    "statement_sequence_repeat",
    _("A statement number came again"),
    Severity.MEDIUM,
    _(
        "Banks restart numbers each year. Check that it is another statement, then resolve with a reason."
    ),
)
register(
    "statement_total_count",
    _("The number of entries differs from the declared one"),
    Severity.HIGH,
    _("Ask the bank for a complete file, or resolve with a reason to book it as it is."),
)
register(
    "statement_total_sum",
    _("The sum of entries differs from the declared one"),
    Severity.HIGH,
    _("Ask the bank for a correct file, or resolve with a reason to book it as it is."),
)
register(
    "report_unconfirmed",
    _("An intraday booking is not on the statement"),
    Severity.HIGH,
    _(
        "Ask the bank: was it never booked, delete the line and resolve with a reason; if it follows,"
        " this closes itself."
    ),
)
register(
    "statement_detail_sum",
    _("The details of an entry differ from its amount"),
    Severity.MEDIUM,
    _(
        "The booked amount was taken, as one line. Compare both figures in the evidence, then resolve with a reason."
    ),
)

register(
    "statement_balance_unreadable",
    _("A balance of the statement cannot be read"),
    Severity.HIGH,
    _(
        "Compare it with the bank's portal and ask for a correct file, or resolve with a reason to book it as it is."
    ),
)
register(
    "statement_total_unreadable",
    _("The totals of the statement cannot be read"),
    Severity.HIGH,
    _("Ask the bank for a correct file, or resolve with a reason to book it as it is."),
)
register(
    "statement_group_correction",
    _("The file corrects one that the bank sent before"),
    Severity.MEDIUM,
    _(
        "Compare with the file before, reverse by hand what the bank took back, then resolve with a reason."
    ),
)
register(
    "statement_availability_sum",
    _("Parts by day of availability differ from their amount"),
    Severity.MEDIUM,
    _(
        "The booked amount was taken. Compare both figures in the evidence, then resolve with a reason."
    ),
)

# === THE ENTRY === #

register(
    "entry_invalid",
    _("An entry cannot be understood"),
    Severity.HIGH,
    _(
        "The other entries were booked. Ask the bank what it means and enter it by hand, then resolve with a reason."
    ),
)
register(
    "entry_repeated",
    _("An entry looks like one of the statement before"),
    Severity.HIGH,
    _(
        "Compare with the bank: resolve with a reason to book it as a booking of its own; ignore it if"
        " it is the same one."
    ),
)
register(
    "entry_refused",
    _("Odoo refused an entry"),
    Severity.HIGH,
    _("Correct the cause named in the summary and retry: what was booked stays booked once."),
)
register(
    "date_in_locked_period",
    _("An entry is dated in a locked period"),
    Severity.HIGH,
    _(
        "Open the period and retry; or resolve with a reason to book it on the first open day, with the"
        " bank's date kept."
    ),
)

register(
    "booking_changed",
    _("The bank changed a booking afterwards"),
    Severity.HIGH,
    _(
        "Compare both figures with the bank. Correct the booked line by hand where the bank is right, then resolve."
    ),
)
register(
    "booking_withdrawn",
    _("The bank took a booking back"),
    Severity.HIGH,
    _(
        "Ask the bank whether it was an error. Delete or reverse the line where it was, then resolve with a reason."
    ),
)
register(
    "date_in_future",
    _("An entry is dated far ahead"),
    Severity.HIGH,
    _("Ask the bank. Resolve with a reason to book it on that day, or ignore it with a reason."),
)

# === MATCHING === #

register(
    "match_amount_differs",
    _("The amount differs from the open one"),
    Severity.MEDIUM,
    _("Decide whether it is a part payment, a deduction or an error, and reconcile the line."),
)
register(
    "match_currency_differs",
    _("Paid in another currency"),
    Severity.MEDIUM,
    _("Check the rate the bank used and reconcile the line."),
)
register(
    "match_ambiguous",
    _("Several open items fit"),
    Severity.MEDIUM,
    _("Choose the items that were paid and reconcile the line."),
)
register(
    "match_rule_suspended",
    _("A matching rule was suspended"),
    Severity.HIGH,
    _(
        "Look at the decisions that were undone. Make a new version, try it on past months, and have it put into force."
    ),
)
