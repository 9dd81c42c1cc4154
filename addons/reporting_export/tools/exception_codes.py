"""The words of the exceptions that exports bring; each code has its section in ``docs/runbooks.md``."""

from odoo.addons.finance_connector_base.tools.errors import Severity
from odoo.addons.finance_connector_base.tools.exception_codes import register

register(
    "export_totals_differ",
    "An export does not agree with the ledger",
    Severity.HIGH,
    "Nothing was delivered. Compare both figures; cancel the run and run anew, or resolve with a reason to send it.",
)
register(
    "export_schema_violation",
    "Rows break the contract of an export",
    Severity.HIGH,
    "Nothing was delivered. Correct the records named in the evidence, or propose a contract that allows them; retry.",
)
register(
    "export_target_differs",
    "The target has another file of that name",
    Severity.HIGH,
    "Nothing was overwritten. Find out who wrote the file, move it away, then retry.",
)
register(
    "export_cancelled",
    "An export was stopped by a person",
    Severity.LOW,
    "Nothing was delivered. Ignore it with a reason to end the run, or retry to read everything again.",
)
