from odoo import models


class AccountMove(models.Model):
    """The references that we issued, found fast by what is left of them in a bank's text."""

    _inherit = "account.move"

    # The same expression as in the matcher; see tools/references.normalise.
    _issued_name_idx = models.Index(
        "(regexp_replace(upper(name), '[^A-Z0-9]', '', 'g')) WHERE state = 'posted'"
    )
    _issued_reference_idx = models.Index(
        "(regexp_replace(upper(payment_reference), '[^A-Z0-9]', '', 'g')) WHERE state = 'posted'"
    )
