"""The words of the exceptions that bank statements bring; each code has its section in ``docs/runbooks.md``."""

from odoo.addons.finance_connector_base.tools.errors import Severity
from odoo.addons.finance_connector_base.tools.exception_codes import register

# === THE FEED === #

register(
    "consent_expired",
    "The bank's consent has ended",
    Severity.HIGH,
    "Open the consent, request it again and confirm it on the bank's page. The days missed are fetched by themselves.",
)
register(
    "consent_invalid",
    "The bank does not accept the consent",
    Severity.HIGH,
    "Ask the account holder whether the consent was withdrawn; request it again and confirm it on the bank's page.",
)
register(
    "feed_failing",
    "A bank feed cannot be fetched",
    Severity.MEDIUM,
    "Read the error on the feed. Statements can be uploaded by hand meanwhile; the feed will recognise their lines.",
)
register(
    "folder_not_allowed",
    "The folder is not allowed",
    Severity.MEDIUM,
    "Have an administrator name a parent of the folder in odoo.conf, section [finance], option file_roots.",
)
register(
    "folder_unreadable",
    "The folder cannot be used",
    Severity.MEDIUM,
    "Create the folder, or give Odoo's system user the right to read and write it.",
)
register(
    "file_too_large",
    "A file is too large",
    Severity.MEDIUM,
    "Ask the sender for smaller files, or move this one away to let the others through.",
)

register(
    "mail_sender_refused",
    "A mail of an unknown sender was refused",
    Severity.MEDIUM,
    "Nothing of it was taken. If it is the bank, add its address to the allowed senders and have the mail sent again.",
)
register(
    "mail_without_statement",
    "A mail brought no statement",
    Severity.MEDIUM,
    "Ask the sender what it was meant to bring. Its text was not kept; files not of the feed's pattern were not taken.",
)

# === THE DOCUMENT === #

register(
    "statement_format",
    "The file is damaged or no statement",
    Severity.HIGH,
    "Nothing of it was booked. Ask the bank to send it again; the damaged file stays as evidence.",
)
register(
    "statement_version",
    "The statement's version is not known",
    Severity.MEDIUM,
    "Nothing of it was booked. Ask the bank for a version that is read here: CAMT 02 to 13, BAI2, or CODA 2.",
)
register(
    "statement_unknown",
    "The file's format is not known",
    Severity.MEDIUM,
    "Nothing of it was booked. Check that it is the statement as the bank gave it.",
)
register(
    "statement_empty",
    "The file holds no statement",
    Severity.MEDIUM,
    "Check with the bank whether a statement was meant to be in it, then ignore it with a reason.",
)
register(
    "statement_currency",
    "The file does not say its account or currency",
    Severity.MEDIUM,
    "Nothing of it was booked. Choose the bank account on the bank feed, or upload the file with it; then retry.",
)
register(
    "statement_profile",
    "The table does not fit a column profile",
    Severity.MEDIUM,
    "Nothing of it was booked. Choose the profile made for this bank's table, or correct it, then retry.",
)
register(
    "statement_ambiguous",
    "The file can be read in several ways",
    Severity.MEDIUM,
    "Nothing of it was booked. Set on the bank feed, or at the upload, what the file does not say, and retry.",
)
register(
    "account_unmapped",
    "The account belongs to no journal",
    Severity.HIGH,
    "Set the account number and currency on its bank journal, or map the account to a journal, then retry.",
)
register(
    "statement_elsewhere",
    "Another connection speaks of the account",
    Severity.HIGH,
    "Nothing was booked. Whose connection is it? Name it on the journal under Statements Only Over and retry; or ignore"
    " the statement with a reason.",
)

# === THE PROOF === #

register(
    "statement_balance_break",
    "Opening, lines and closing do not add up",
    Severity.HIGH,
    "Compare with the bank's own statement. Retry when it was corrected; resolve with a reason to book it as it is.",
)
register(
    "statement_opening_break",
    "The opening does not continue the last closing",
    Severity.HIGH,
    "A statement is probably missing: fetch or upload it and this one follows. Or resolve with a reason to book it.",
)
register(
    "statement_sequence_gap",
    "A statement number is missing",
    Severity.HIGH,
    "Fetch or upload the missing statement and this one follows. Or resolve with a reason to book it as it is.",
)
register(
    "statement_sequence_repeat",
    "A statement number came again",
    Severity.MEDIUM,
    "Banks restart numbers each year. Check that it is another statement, then resolve with a reason.",
)
register(
    "statement_total_count",
    "The number of entries differs from the declared one",
    Severity.HIGH,
    "Ask the bank for a complete file, or resolve with a reason to book it as it is.",
)
register(
    "statement_total_sum",
    "The sum of entries differs from the declared one",
    Severity.HIGH,
    "Ask the bank for a correct file, or resolve with a reason to book it as it is.",
)
register(
    "report_unconfirmed",
    "An intraday booking is not on the statement",
    Severity.HIGH,
    "Ask the bank: was it never booked, delete the line and resolve with a reason; if it follows, this closes itself.",
)
register(
    "statement_detail_sum",
    "The details of an entry differ from its amount",
    Severity.MEDIUM,
    "The booked amount was taken, as one line. Compare both figures in the evidence, then resolve with a reason.",
)

register(
    "statement_balance_unreadable",
    "A balance of the statement cannot be read",
    Severity.HIGH,
    "Compare it with the bank's portal and ask for a correct file, or resolve with a reason to book it as it is.",
)
register(
    "statement_total_unreadable",
    "The totals of the statement cannot be read",
    Severity.HIGH,
    "Ask the bank for a correct file, or resolve with a reason to book it as it is.",
)
register(
    "statement_group_correction",
    "The file corrects one that the bank sent before",
    Severity.MEDIUM,
    "Compare with the file before, reverse by hand what the bank took back, then resolve with a reason.",
)
register(
    "statement_availability_sum",
    "Parts by day of availability differ from their amount",
    Severity.MEDIUM,
    "The booked amount was taken. Compare both figures in the evidence, then resolve with a reason.",
)

# === THE ENTRY === #

register(
    "entry_invalid",
    "An entry cannot be understood",
    Severity.HIGH,
    "The other entries were booked. Ask the bank what it means and enter it by hand, then resolve with a reason.",
)
register(
    "entry_repeated",
    "An entry looks like one of the statement before",
    Severity.HIGH,
    "Compare with the bank: resolve with a reason to book it as a booking of its own; ignore it if it is the same one.",
)
register(
    "entry_refused",
    "Odoo refused an entry",
    Severity.HIGH,
    "Correct the cause named in the summary and retry: what was booked stays booked once.",
)
register(
    "date_in_locked_period",
    "An entry is dated in a locked period",
    Severity.HIGH,
    "Open the period and retry; or resolve with a reason to book it on the first open day, with the bank's date kept.",
)

register(
    "booking_changed",
    "The bank changed a booking afterwards",
    Severity.HIGH,
    "Compare both figures with the bank. Correct the booked line by hand where the bank is right, then resolve.",
)
register(
    "booking_withdrawn",
    "The bank took a booking back",
    Severity.HIGH,
    "Ask the bank whether it was an error. Delete or reverse the line where it was, then resolve with a reason.",
)
register(
    "date_in_future",
    "An entry is dated far ahead",
    Severity.HIGH,
    "Ask the bank. Resolve with a reason to book it on that day, or ignore it with a reason.",
)

# === MATCHING === #

register(
    "match_amount_differs",
    "The amount differs from the open one",
    Severity.MEDIUM,
    "Decide whether it is a part payment, a deduction or an error, and reconcile the line.",
)
register(
    "match_currency_differs",
    "Paid in another currency",
    Severity.MEDIUM,
    "Check the rate the bank used and reconcile the line.",
)
register(
    "match_ambiguous",
    "Several open items fit",
    Severity.MEDIUM,
    "Choose the items that were paid and reconcile the line.",
)
register(
    "match_rule_suspended",
    "A matching rule was suspended",
    Severity.HIGH,
    "Look at the decisions that were undone. Make a new version, try it on past months, and have it put into force.",
)
