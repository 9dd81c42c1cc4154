from odoo import api, fields, models

SEVERITIES = [("0", "Low"), ("1", "Medium"), ("2", "High"), ("3", "Critical")]


class FinanceExceptionDeadline(models.Model):
    """Within how many hours an exception of one severity is to be closed."""

    _name = "finance.exception.deadline"
    _description = "Finance Exception Deadline"
    _inherit = ["finance.audited.mixin"]
    _audit_subject = "exception_deadline"
    _order = "severity desc"
    _rec_name = "severity"

    severity = fields.Selection(SEVERITIES, required=True)
    hours = fields.Integer(required=True, help="Clock hours after the exception was opened.")

    _severity_uniq = models.Constraint("UNIQUE(severity)", "A severity has one deadline.")
    _hours_positive = models.Constraint("CHECK(hours > 0)", "A deadline is at least one hour.")

    @api.model
    def _hours_by_severity(self):
        """:return: hours by severity; one without a row has no deadline
        :rtype: dict[str, int]
        """
        return {deadline.severity: deadline.hours for deadline in self.sudo().search([])}
