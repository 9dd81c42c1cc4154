from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

_MACHINE = "__system__"
"""The login of Odoo's own user, under which the machine works."""


class FinanceAuditEvent(models.Model):
    """What the trail keeps as plain codes and logins, in words that people can read, search and group by."""

    _inherit = "finance.audit.event"

    who = fields.Char(compute="_compute_who", search="_search_who")

    # === COMPUTE METHODS === #

    @api.depends("action")
    def _compute_display_name(self):
        words = dict(self._selection_action())
        for event in self:
            event.display_name = words.get(event.action, event.action)

    @api.depends_context("lang")
    @api.depends("user_login")
    def _compute_who(self):
        for event in self:
            event.who = self.env._("System") if event.user_login == _MACHINE else event.user_login

    @api.model
    def _search_who(self, operator, value):
        system = self.env._("System")
        if operator == "in":
            return Domain("user_login", "in", [_MACHINE if one == system else one for one in value])
        if operator in ("ilike", "=ilike"):
            found = Domain("user_login", operator, value)
            meant = value.strip("%").lower()
            return found | Domain("user_login", "=", _MACHINE) if meant in system.lower() else found
        return NotImplemented

    def _field_to_sql(self, alias, field_expr, query=None):
        if field_expr != "who":
            return super()._field_to_sql(alias, field_expr, query)
        login = self._field_to_sql(alias, "user_login", query)
        return SQL(
            "CASE WHEN %s = %s THEN %s ELSE %s END", login, _MACHINE, self.env._("System"), login
        )

    # === BUSINESS METHODS === #

    @api.model
    def _selection_action(self):
        """What can happen, in words; what an addon has no words for stands here by its code once it happened."""
        words = self._audit_words()
        for subject, name in self._audit_subjects().items():
            words[f"{subject}.created"] = self.env._("%s: created", name)
            words[f"{subject}.changed"] = self.env._("%s: changed", name)
            words[f"{subject}.deleted"] = self.env._("%s: deleted", name)
        # From one code to the next by the index: a trail has millions of rows and some hundred codes.
        happened = self.env.execute_query(
            SQL(
                """WITH RECURSIVE codes AS (
                       SELECT min(action) AS action FROM finance_audit_event
                        UNION ALL
                       SELECT (SELECT min(action) FROM finance_audit_event WHERE action > codes.action)
                         FROM codes
                        WHERE action IS NOT NULL)
                   SELECT action FROM codes WHERE action IS NOT NULL"""
            )
        )
        words = {code: code for [code] in happened} | words
        return sorted(words.items(), key=lambda item: item[1])

    @api.model
    def _audit_subjects(self):
        """:return: words by ``_audit_subject``, for the events that ``finance.audited.mixin`` leaves"""
        return {
            "connection": self.env._("Connection"),
            "interface": self.env._("Interface"),
            "subscription": self.env._("Subscription"),
            "routing_rule": self.env._("Route"),
            "exception_deadline": self.env._("Deadline of exceptions"),
        }

    @api.model
    def _audit_words(self):
        """:return: words for actions by their code; an addon adds those of its own"""
        return {
            "audit.anchor_begun": self.env._("Audit trail: anchor file begun"),
            "audit.verification_failed": self.env._("Audit trail: found altered"),
            "audit.verified": self.env._("Audit trail: verified"),
            "credential.changed": self.env._("Credential: changed"),
            "credential.created": self.env._("Credential: entered"),
            "credential.disarmed": self.env._(
                "Credential: disarmed, as the connection led elsewhere"
            ),
            "credential.removed": self.env._("Credential: removed"),
            "credential.revealed": self.env._("Credential: used"),
            "exception.assigned": self.env._("Exception: assigned"),
            "exception.ignored": self.env._("Exception: ignored"),
            "exception.opened": self.env._("Exception: opened"),
            "exception.replayed": self.env._("Exception: replayed"),
            "exception.resolved": self.env._("Exception: resolved"),
            "exception.retried": self.env._("Exception: tried again"),
            "exception.severity_changed": self.env._("Exception: severity changed"),
            "exception.taken": self.env._("Exception: taken"),
            "exchange.acknowledged": self.env._("Exchange: acknowledged"),
            "exchange.cancelled": self.env._("Exchange: cancelled"),
            "exchange.cancelled_by": self.env._("Exchange: a person cancelled it"),
            "exchange.dead": self.env._("Exchange: given up after its tries"),
            "exchange.done": self.env._("Exchange: done"),
            "exchange.emitted": self.env._("Exchange: made"),
            "exchange.exception": self.env._("Exchange: waits for a person"),
            "exchange.posted": self.env._("Exchange: booked"),
            "exchange.prepared": self.env._("Exchange: prepared"),
            "exchange.ready": self.env._("Exchange: ready"),
            "exchange.received": self.env._("Exchange: received"),
            "exchange.replayed": self.env._("Exchange: replayed"),
            "exchange.retried": self.env._("Exchange: a person tried it again"),
            "exchange.retry": self.env._("Exchange: to be tried again"),
            "exchange.running": self.env._("Exchange: work began"),
            "exchange.sent": self.env._("Exchange: sent"),
            "exchange.settled": self.env._("Exchange: settled"),
            "exchange.taken_over": self.env._("Exchange: taken over"),
            "exchange.transformed": self.env._("Exchange: read"),
            "exchange.unknown": self.env._("Exchange: outcome unknown"),
            "exchange.validated": self.env._("Exchange: validated"),
            "exchange.waiting": self.env._("Exchange: waits for an answer"),
            "interface.mode_changed": self.env._("Interface: switched"),
            "interface.version_activated": self.env._("Interface: version activated"),
            "interface.version_proposed": self.env._("Interface: version proposed"),
            "interface.version_withdrawn": self.env._("Interface: version withdrawn"),
            "mapping.batch_proposed": self.env._("Mapping: file proposed"),
            "mapping.batch_taken": self.env._("Mapping: file accepted"),
            "mapping.batch_withdrawn": self.env._("Mapping: file withdrawn"),
            "mapping.entry_changed": self.env._("Mapping: entry changed"),
            "mapping.entry_created": self.env._("Mapping: entry created"),
            "mapping.entry_deleted": self.env._("Mapping: entry deleted"),
            "mapping.imported": self.env._("Mapping: file imported"),
            "mapping.table_changed": self.env._("Mapping: table changed"),
            "mapping.table_created": self.env._("Mapping: table created"),
            "mapping.table_deleted": self.env._("Mapping: table deleted"),
            "payload.held": self.env._("Content: legal hold set"),
            "payload.purged": self.env._("Content: deleted after its retention"),
            "payload.released": self.env._("Content: legal hold lifted"),
            "recovery.ended": self.env._("Recovery mode: ended"),
            "recovery.entered": self.env._("Recovery mode: entered"),
            "subscription.disabled": self.env._("Subscription: switched off after failures"),
            "vault.rotated": self.env._("Vault: encrypted with another key"),
            "webhook.rejected": self.env._("Webhook: refused"),
        }
