"""The words of the exceptions that exports bring; each code has its section in ``docs/runbooks.md``."""

# There is no env here: texts are only marked, and the models translate them.
# pylint: disable=prefer-env-translation

from odoo.addons.finance_connector_base.tools.errors import Severity
from odoo.addons.finance_connector_base.tools.exception_codes import _, register_of

register = register_of("reporting_export")

register(
    "export_totals_differ",
    _("An export does not agree with the ledger"),
    Severity.HIGH,
    _(
        "Nothing was delivered. Compare both figures; cancel the run and run anew, or resolve with a reason to send it."
    ),
)
register(
    "export_schema_violation",
    _("Rows break the contract of an export"),
    Severity.HIGH,
    _(
        "Nothing was delivered. Correct the records named in the evidence, or propose a contract that"
        " allows them; retry."
    ),
)
register(
    "export_target_differs",
    _("The target has another file of that name"),
    Severity.HIGH,
    _("Nothing was overwritten. Find out who wrote the file, move it away, then retry."),
)
register(
    "export_cancelled",
    _("An export was stopped by a person"),
    Severity.LOW,
    _(
        "Nothing was delivered. Ignore it with a reason to end the run, or retry to read everything again."
    ),
)
register(
    "export_format_refused",
    _("The target does not take files of this format"),
    Severity.MEDIUM,
    _("Nothing was delivered. Choose another format on the export and run it anew."),
)
register(
    "warehouse_rows_differ",
    _("The warehouse took another number of rows"),
    Severity.HIGH,
    _("Nothing was loaded. Look for a trigger or rule on the table at the warehouse, then retry."),
)
register(
    "warehouse_out_of_order",
    _("The warehouse is not in the state that a run changes"),
    Severity.HIGH,
    _(
        "Nothing was loaded. Cancel this run, have the export bring everything once, then its changes again."
    ),
)
register(
    "warehouse_refused",
    _("The warehouse refused a run"),
    Severity.HIGH,
    _(
        "Nothing was loaded. The message has the database's own words: correct rights or the table there, then retry."
    ),
)
