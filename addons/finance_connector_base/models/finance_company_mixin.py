from odoo import models
from odoo.exceptions import UserError


class FinanceCompanyMixin(models.AbstractModel):
    """A record whose company is that of what it belongs to, for good, like all that it takes from there.

    A stored related field is as open to RPC and import as any other, and record rules and searches go by it: written,
    it would take a record out of its company's sight, or put it into another one's.
    """

    _name = "finance.company.mixin"
    _description = "Belongs to the Company of Another Record"

    def write(self, vals):
        for name, value in vals.items():
            field = self._fields.get(name)
            if not (field and field.related and field.store and field.readonly):
                continue
            if any(
                field.convert_to_write(record[name], record) != (value or False) for record in self
            ):
                raise UserError(
                    self.env._(
                        "%(field)s of %(record)s is that of what it is part of, and cannot be changed by itself.",
                        field=field.string,
                        record=self[:1].display_name,
                    )
                )
        return super().write(vals)
