import functools

from odoo import api, models
from odoo.modules import Manifest

_OURS = "finance_connector_base"


class Base(models.AbstractModel):
    """What buttons and the machine alone write starts as the model says: a ``default_`` key of a caller's context fills
    read-only fields as well, and so do the defaults that any user may keep for themselves (``ir.default``), in whatever
    is made in their name.
    """

    _inherit = "base"

    @api.model
    def default_get(self, fields):
        governed = self._governed_names(fields)
        if not governed:
            return super().default_get(fields)
        defaults = super().default_get([name for name in fields if name not in governed])
        for name in governed:
            field = self._fields.get(name)
            if field and field.default:
                value = field.convert_to_cache(field.default(self), self, validate=False)
                defaults[name] = field.convert_to_write(value, self)
        return defaults

    @api.model
    def _governed_names(self, names):
        """:return: those of ``names`` whose first value no caller says; dialogs are told theirs by the button
        :rtype: set[str]
        """
        if self._transient:
            return set()
        return {
            name
            for name in names
            if (field := self._fields.get(name))
            and field.readonly
            and field.store
            and not field.inherited
            and stands_on_ours(field._module)
        }


@functools.cache
def stands_on_ours(addon):
    """:return: whether ``addon`` is this one or, by whatever way, depends on it"""
    if not addon or addon == _OURS:
        return addon == _OURS
    manifest = Manifest.for_addon(addon)
    return bool(manifest) and any(map(stands_on_ours, manifest["depends"]))
