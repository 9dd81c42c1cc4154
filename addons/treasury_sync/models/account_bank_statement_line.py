from odoo import models

#: Of a "line": accounting dates it otherwise than the bank. Its internal index begins with the day of its entry.
DATED_APART = """(make_date(substr(line.internal_index, 1, 4)::int, substr(line.internal_index, 5, 2)::int,
                             substr(line.internal_index, 7, 2)::int) != line.bank_booking_date)"""


class AccountBankStatementLine(models.Model):
    _inherit = "account.bank.statement.line"

    # Few lines are: a cash position finds them without reading the entries of all others.
    _dated_apart_idx = models.Index(
        f"(journal_id, bank_booking_date) WHERE {DATED_APART.replace('line.', '')}"
    )
