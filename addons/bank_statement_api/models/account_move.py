from odoo import models

NUMBERED_TOGETHER = "bank_statement_numbered_together"
"""Key of the context: an empty dictionary, for as long as all entries are numbered one after another."""


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

    # === NUMBERS === #

    def _get_next_sequence_format(self):
        """Look up the form of the next number once for entries that one call numbers, of one journal and day.

        Each follows the one before, which Odoo would search for again; the number itself is Odoo's in any case.
        """
        known = self.env.context.get(NUMBERED_TOGETHER)
        if known is None or self.move_type != "entry" or self.journal_id.is_self_billing:
            return super()._get_next_sequence_format()
        key = self.journal_id, self.date, bool(self.origin_payment_id)
        if key not in known:
            known[key] = super()._get_next_sequence_format()
        form, values = known[key]
        return form, dict(values)

    # === CRUD METHODS === #

    def unlink(self):
        # The database deletes the line of a deleted entry, past the line's own methods.
        self.statement_line_id._log_deleted()
        return super().unlink()
