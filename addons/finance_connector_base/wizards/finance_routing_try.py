from odoo import api, fields, models

from odoo.addons.finance_connector_base.models.finance_routing_rule import DOCUMENT_KINDS


class FinanceRoutingTry(models.TransientModel):
    """Say which rule would carry a document, and why the rules before it would not."""

    _name = "finance.routing.try"
    _description = "Try Routing Rules"

    document_kind = fields.Selection(
        DOCUMENT_KINDS, string="Document", required=True, default="payment"
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one("res.currency")
    amount = fields.Monetary()
    journal_id = fields.Many2one("account.journal")
    country_id = fields.Many2one("res.country")
    partner_id = fields.Many2one("res.partner")
    interface_id = fields.Many2one(
        "finance.interface", string="Carried By", compute="_compute_outcome"
    )
    explanation = fields.Text(compute="_compute_outcome")

    @api.depends(
        "document_kind",
        "company_id",
        "currency_id",
        "amount",
        "journal_id",
        "country_id",
        "partner_id",
    )
    def _compute_outcome(self):
        for attempt in self:
            attempt.interface_id, attempt.explanation = attempt._explain()

    def _explain(self):
        self.ensure_one()
        if self.company_id not in self.env.companies:
            return False, self.env._("Switch to the company first.")
        rules = self.env["finance.routing.rule"]._candidates(self.document_kind, self.company_id)
        lines = []
        for number, rule in enumerate(rules, start=1):
            reason = rule._mismatch(
                currency=self.currency_id,
                amount=self.amount,
                journal=self.journal_id,
                country=self.country_id,
                partner=self.partner_id,
            )
            if reason is None:
                lines.append(
                    self.env._("%(number)s. %(rule)s wins.", number=number, rule=rule.name)
                )
                return rule.interface_id.sudo(False), "\n".join(lines)
            lines.append(
                self.env._(
                    "%(number)s. %(rule)s does not fit: %(reason)s.",
                    number=number,
                    rule=rule.name,
                    reason=reason,
                )
            )
        lines.append(self.env._("No rule fits: the document would become an exception."))
        return False, "\n".join(lines)
