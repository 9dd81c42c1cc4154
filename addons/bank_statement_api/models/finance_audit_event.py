from odoo import api, models


class FinanceAuditEvent(models.Model):
    """Words for what happens to statements, their lines and the way in."""

    _inherit = "finance.audit.event"

    @api.model
    def _audit_subjects(self):
        return super()._audit_subjects() | {
            "comparison": self.env._("Shadow comparison"),
            "consent": self.env._("Consent"),
            "feed": self.env._("Bank feed"),
            "profile": self.env._("Column profile"),
        }

    @api.model
    def _audit_words(self):
        return super()._audit_words() | {
            "comparison.signed_off": self.env._("Shadow comparison: may take over"),
            "comparison.switched_over": self.env._("Shadow comparison: has taken over"),
            "consent.draft": self.env._("Consent: draft"),
            "consent.expired": self.env._("Consent: expired"),
            "consent.received": self.env._("Consent: waits for the account holder"),
            "consent.rejected": self.env._("Consent: rejected"),
            "consent.requested": self.env._("Consent: requested"),
            "consent.returned": self.env._("Consent: account holder came back from the bank"),
            "consent.revoked": self.env._("Consent: revoked"),
            "consent.valid": self.env._("Consent: valid"),
            "journal.changed": self.env._("Bank journal: changed"),
            "journal.created": self.env._("Bank journal: created"),
            "match_lesson.accepted": self.env._("Lesson: used"),
            "match_lesson.refused": self.env._("Lesson: not used"),
            "match_rule.activated": self.env._("Matching rule: activated"),
            "match_rule.proposed": self.env._("Matching rule: proposed"),
            "match_rule.retired": self.env._("Matching rule: retired"),
            "match_rule.suspended": self.env._("Matching rule: suspended"),
            "match_run.committed": self.env._("Matching run: booked"),
            "statement.booked_by_policy": self.env._("Statement: booked by the feed's policy"),
            "statement.deleted": self.env._("Statement: deleted"),
            "statement_line.asked": self.env._("Bank transaction: somebody was asked"),
            "statement_line.changed": self.env._("Bank transaction: changed"),
            "statement_line.deleted": self.env._("Bank transaction: deleted"),
            "statement_line.ignored": self.env._("Bank transaction: set aside"),
            "statement_line.match_reversed": self.env._("Bank transaction: match undone"),
            "statement_line.matched": self.env._("Bank transaction: matched"),
            "statement_line.partner_set": self.env._("Bank transaction: partner set"),
            "statement_line.postponed": self.env._("Bank transaction: postponed"),
        }
