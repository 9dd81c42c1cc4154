from odoo import api, models
from odoo.exceptions import AccessError

from .engine import is_engine


class TreasuryEngineWritten(models.AbstractModel):
    """Records that only the steps of a payment's life make and change, whatever rights a caller has."""

    _name = "treasury.engine.written"
    _description = "Written by the Machine Alone"

    @api.model_create_multi
    def create(self, vals_list):
        self._check_engine()
        return super().create(vals_list)

    @api.model
    def _governed_names(self, names):
        return {*names}

    def write(self, vals):
        self._check_engine()
        return super().write(vals)

    def unlink(self):
        self._check_engine()
        return super().unlink()

    def _check_engine(self):
        if not is_engine(self.env):
            raise AccessError(self._why_fixed())

    def _why_fixed(self):
        """:return: one sentence that says how such a record comes about"""
        raise NotImplementedError
