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
    "payment_not_sepa",
    "SEPA cannot carry a payment",
    Severity.MEDIUM,
    "Complete the payment as the message says, or pay it over another channel.",
)
register(
    "payment_file_invalid",
    "A payment file breaks its format",
    Severity.HIGH,
    "Correct what the message names and generate the order again. Nothing was approved or sent.",
)
