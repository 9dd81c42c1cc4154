from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain

_OPEN = ("open", "in_progress")
_LISTED_EXCEPTIONS = 6


class FinanceDashboard(models.AbstractModel):
    """What the first screen shows: is cash data complete, what is stuck, what needs me."""

    _name = "finance.dashboard"
    _description = "Finance Overview"

    @api.model
    @api.readonly
    def get_overview(self):
        """The figures of the overview, for the caller and the companies that are switched on.

        Addons add their part by overriding :meth:`_overview`.

        :return: ``stuck``, ``mine``, ``today``, ``connections`` and ``system``; the addon of bank statements adds
            ``cash``
        :rtype: dict
        :raise AccessError: the caller is no viewer
        """
        if not self.env.user.has_group("finance_connector_base.group_finance_viewer"):
            raise AccessError(self.env._("The overview is for viewers of Finance Connectivity."))
        return self._overview()

    @api.model
    def _overview(self):
        """:return: the parts of the overview, by name
        :rtype: dict
        """
        return {
            "stuck": self._stuck(),
            "mine": self._mine(),
            "today": self._today(),
            "connections": self._connections(),
            "system": self._system(),
        }

    # === PARTS === #

    @api.model
    def _stuck(self):
        exchanges = self.env["finance.exchange"]
        labels = dict(exchanges._fields["work_status"]._description_selection(self.env))
        counts = exchanges._read_group(
            exchanges._stuck_domain(), ["work_status"], ["__count", "create_date:min"]
        )
        return [
            {
                "status": status,
                "label": labels[status],
                "count": count,
                "since": fields.Datetime.to_string(since),
            }
            for status, count, since in counts
        ]

    @api.model
    def _mine(self):
        exceptions = self.env["finance.exception"]
        is_open = Domain("state", "in", _OPEN)
        mine = is_open & Domain("owner_id", "=", self.env.uid)
        unowned = is_open & Domain("owner_id", "=", False)
        overdue = Domain("due_date", "<", fields.Datetime.now())
        first = exceptions.search(mine, limit=_LISTED_EXCEPTIONS)
        if len(first) < _LISTED_EXCEPTIONS:
            first += exceptions.search(unowned, limit=_LISTED_EXCEPTIONS - len(first))
        severities = dict(exceptions._fields["severity"]._description_selection(self.env))
        return {
            "count": exceptions.search_count(mine),
            "overdue": exceptions.search_count(mine & overdue),
            "unowned": exceptions.search_count(unowned),
            "open": exceptions.search_count(is_open),
            "exceptions": [
                {
                    "id": exception.id,
                    "title": exception.title,
                    "summary": exception.summary,
                    "severity": exception.severity,
                    "severity_label": severities[exception.severity],
                    "due_at": fields.Datetime.to_string(exception.due_date) or None,
                    "overdue": exception.is_overdue,
                    "mine": exception.owner_id.id == self.env.uid,
                }
                for exception in first
            ],
        }

    @api.model
    def _today(self):
        """How many exchanges reached each milestone since midnight of the caller's time zone."""
        exchanges = self.env["finance.exchange"]
        midnight = self._midnight()
        labels = dict(exchanges._fields["milestone"]._description_selection(self.env))
        return [
            {
                "milestone": name,
                "label": labels[name],
                "count": exchanges.search_count([(f"date_{name}", ">=", midnight)]),
            }
            for name in ("received", "posted", "sent", "acknowledged")
        ]

    @api.model
    def _connections(self):
        health = self.env["finance.connection.health"].search(
            [
                "|",
                ("breaker_failures", ">", 0),
                ("paused_until", ">", fields.Datetime.now()),
            ]
        )
        connections = health.connection_id.filtered("active").sorted("name")
        labels = dict(connections._fields["health_state"]._description_selection(self.env))
        return [
            {
                "id": connection.id,
                "name": connection.name,
                "label": labels[connection.health_state],
                "error": connection.last_error_message or None,
            }
            for connection in connections
        ]

    @api.model
    def _system(self):
        return {
            "queue_alive": self.env["finance.heartbeat"]._is_alive(),
            "recovery": self.env["finance.environment"]._recovery_mode(),
        }

    @api.model
    def _midnight(self):
        """:return: the beginning of the caller's day, in UTC without zone"""
        now = fields.Datetime.now()
        local = fields.Datetime.context_timestamp(self, now)
        return now - (local - local.replace(hour=0, minute=0, second=0, microsecond=0))
