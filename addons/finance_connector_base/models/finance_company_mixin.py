from odoo import models
from odoo.exceptions import UserError


class FinanceCompanyMixin(models.AbstractModel):
    """A record whose company is that of what it belongs to, for good.

    A stored related field is as open to RPC and import as any other, and the record rules go by it: written, it would
    take a record out of its company's sight, or put it into another one's.
    """

    _name = "finance.company.mixin"
    _description = "Belongs to the Company of Another Record"

    def write(self, vals):
        if "company_id" in vals and any(
            record.company_id.id != (vals["company_id"] or False) for record in self
        ):
            raise UserError(
                self.env._(
                    "%s belongs to the company of what it is part of, and cannot be given to another one.",
                    self[:1].display_name,
                )
            )
        return super().write(vals)
