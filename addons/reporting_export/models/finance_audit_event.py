from odoo import api, models


class FinanceAuditEvent(models.Model):
    """Words for what happens to exports."""

    _inherit = "finance.audit.event"

    @api.model
    def _audit_subjects(self):
        return super()._audit_subjects() | {
            "dataset": self.env._("Data set"),
            "export": self.env._("Export"),
        }

    @api.model
    def _audit_words(self):
        return super()._audit_words() | {
            "contract.activated": self.env._("Contract: activated"),
            "run.requested": self.env._("Export run: started by a person"),
        }
