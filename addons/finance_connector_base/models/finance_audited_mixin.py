from odoo import api, models

_PLAIN = (bool, int, float, str)


class FinanceAuditedMixin(models.AbstractModel):
    """Configuration that decides where data and money go: who changes it leaves an event with both values.

    The chatter of a record is no trail: whoever may write it may also delete it.
    """

    _name = "finance.audited.mixin"
    _description = "Audited Configuration"

    _audit_subject = None
    """First part of the events' actions, e.g. ``connection`` for ``connection.changed``."""
    _audit_ignored = frozenset()
    """Fields that have events of their own, or that only the machine writes."""

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        names = self._audited_fields(self._fields)
        for record in records:
            values = record._audited_values(names)
            record._log_change(
                "created",
                {name: value for name, value in values.items() if value not in (False, [])},
            )
        return records

    def write(self, vals):
        names = self._audited_fields(vals)
        before = {record: record._audited_values(names) for record in self if names}
        result = super().write(vals)
        for record, values in before.items():
            after = record._audited_values(names)
            if changed := {name for name in names if values[name] != after[name]}:
                record._log_change(
                    "changed",
                    {
                        "before": {name: values[name] for name in changed},
                        "after": {name: after[name] for name in changed},
                    },
                )
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_with_event(self):
        for record in self:
            record._log_change("deleted", {})

    @api.model
    def _audited_fields(self, names):
        """:return: those of ``names`` that a person decides on"""
        return sorted(
            name
            for name in names
            if (field := self._fields.get(name))
            and field.store
            and not field.readonly
            and field.type != "one2many"
            and name not in self._audit_ignored
            and name not in self.env["mail.thread"]._fields
            and name not in self.env["mail.activity.mixin"]._fields
        )

    def _audited_values(self, names):
        self.ensure_one()
        record_sudo = self.sudo()
        values = {}
        for name in names:
            value = record_sudo[name]
            if self._fields[name].relational:
                values[name] = value.ids
            else:
                values[name] = value if isinstance(value, _PLAIN) else str(value)
        return values

    def _log_change(self, action, details):
        self.env["finance.audit.event"]._log(
            f"{self._audit_subject}.{action}",
            self,
            summary=self.sudo().display_name,
            details=details,
        )
