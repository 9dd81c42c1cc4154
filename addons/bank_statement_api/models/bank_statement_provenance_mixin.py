from odoo import api, models
from odoo.exceptions import AccessError


class BankStatementProvenanceMixin(models.AbstractModel):
    """What the bank said and how it was recognised is written by the import, and by nobody else.

    A field that is read-only on the screen is still open to RPC, import and ``default_`` keys of the context.
    """

    _name = "bank.statement.provenance.mixin"
    _description = "Provenance from the Bank"

    @api.model
    def _provenance_fields(self):
        """:return: names of the fields that only the import writes
        :rtype: frozenset[str]
        """
        return frozenset()

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            names = self._provenance_fields()
            keys = {key for vals in vals_list for key in vals}
            self._check_provenance(
                keys | {key.removeprefix("default_") for key in self.env.context}, names
            )
        return super().create(vals_list)

    def write(self, vals):
        if not self.env.su:
            self._check_provenance(vals.keys(), self._provenance_fields())
        return super().write(vals)

    @api.model
    def _check_provenance(self, keys, names):
        if refused := names.intersection(keys):
            raise AccessError(
                self.env._(
                    "%(fields)s: what came from the bank, or was proven by fetching it, cannot be edited.",
                    fields=", ".join(sorted(self._fields[name].string for name in refused)),
                )
            )
