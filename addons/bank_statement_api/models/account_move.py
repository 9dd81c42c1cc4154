from odoo import models


class AccountMove(models.Model):
    """The references that we issued, found fast by what is left of them in a bank's text."""

    _inherit = "account.move"

    # The same expression as in the matcher; see tools/references.normalise.
    _issued_name_idx = models.Index(
        "(regexp_replace(upper(name), '[^A-Z0-9]', '', 'g')) WHERE state = 'posted'"
    )
    _issued_reference_idx = models.Index(
        "(regexp_replace(upper(payment_reference), '[^A-Z0-9]', '', 'g'))"
        " WHERE state = 'posted' AND payment_reference IS NOT NULL"
    )
    _issued_ref_idx = models.Index(
        "(regexp_replace(upper(ref), '[^A-Z0-9]', '', 'g')) WHERE state = 'posted' AND ref IS NOT NULL"
    )
    # Documents by their running number alone: what is left of a number without its prefix.
    _running_number_idx = models.Index(
        "(sequence_number) WHERE state = 'posted' AND move_type != 'entry'"
    )

    # === CRUD METHODS === #

    def unlink(self):
        # The database deletes the line of a deleted entry, past the line's own methods.
        self.statement_line_id._log_deleted()
        return super().unlink()
