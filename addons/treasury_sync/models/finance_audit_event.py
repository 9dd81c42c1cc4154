from odoo import api, models


class FinanceAuditEvent(models.Model):
    """Words for what happens to payments, settlements and the cash position."""

    _inherit = "finance.audit.event"

    @api.model
    def _audit_subjects(self):
        return super()._audit_subjects() | {
            "approval_delegation": self.env._("Deputy"),
            "approval_policy": self.env._("Approval policy"),
            "cash_group": self.env._("Cash position group"),
            "cut_off": self.env._("Cut-off time"),
            "fraud_rule": self.env._("Fraud rule"),
            "gateway": self.env._("Payment gateway"),
            "mandate": self.env._("Direct debit mandate"),
            "payment_channel": self.env._("Payment channel"),
        }

    @api.model
    def _audit_words(self):
        return super()._audit_words() | {
            "cash_position.frozen": self.env._("Cash position: frozen"),
            "company.payments_await_bank": self.env._("Company: when payments count as paid"),
            "payment_order.account_changed": self.env._("Payment order: an account changed"),
            "payment_order.channel_changed": self.env._("Payment order: its channel changed"),
            "payment_order.free_of_draft": self.env._(
                "Payment order: what the bank does not have is free"
            ),
            "payment_order.approvals_voided": self.env._("Payment order: approvals made void"),
            "payment_order.approved": self.env._("Payment order: approved"),
            "payment_order.file_downloaded": self.env._("Payment order: file downloaded"),
            "payment_order.file_sealed": self.env._("Payment order: file encrypted"),
            "payment_order.file_signature": self.env._("Payment order: file signed"),
            "payment_order.generated": self.env._("Payment order: file generated"),
            "payment_order.hold_released": self.env._("Payment order: hold released"),
            "payment_order.is_acknowledged": self.env._("Payment order: is acknowledged"),
            "payment_order.is_approved": self.env._("Payment order: has all approvals"),
            "payment_order.is_booked": self.env._("Payment order: is booked"),
            "payment_order.is_cancelled": self.env._("Payment order: is cancelled"),
            "payment_order.is_draft": self.env._("Payment order: is a draft again"),
            "payment_order.is_executed": self.env._("Payment order: is executed"),
            "payment_order.is_rejected": self.env._("Payment order: is rejected"),
            "payment_order.is_sent": self.env._("Payment order: is transmitted"),
            "payment_order.is_to_approve": self.env._("Payment order: waits for approval"),
            "payment_order.late_accepted": self.env._("Payment order: later day accepted"),
            "payment_order.proof_bank_has_it": self.env._(
                "Payment order: the bank says that it has it"
            ),
            "payment_order.proof_bank_has_not": self.env._(
                "Payment order: the bank says that it does not have it"
            ),
            "payment_order.proof_by_hand": self.env._("Payment order: transmitted by hand"),
            "payment_order.proof_downloaded": self.env._("Payment order: proof downloaded"),
            "payment_order.payees_verified": self.env._("Payment order: payees verified"),
            "payment_order.recall_accepted": self.env._(
                "Payment order: recall accepted by the bank"
            ),
            "payment_order.recall_downloaded": self.env._("Payment order: recall file downloaded"),
            "payment_order.recall_generated": self.env._("Payment order: recall file generated"),
            "payment_order.recall_partly": self.env._("Payment order: recall accepted in part"),
            "payment_order.recall_approved": self.env._("Payment order: recall approved"),
            "payment_order.recall_refused": self.env._("Payment order: recall refused by the bank"),
            "payment_order.recall_requested": self.env._("Payment order: recall requested"),
            "payment_order.recall_sent": self.env._("Payment order: recall with the bank"),
            "payment_order.recall_withdrawn": self.env._("Payment order: recall withdrawn"),
            "payment_order.refused": self.env._("Payment order: approval refused"),
            "payment_order.released": self.env._("Payment order: given to the channel"),
            "payout.difference_booked": self.env._("Payout: difference booked"),
            "settlement.assigned": self.env._("Settlement: assigned to an invoice"),
        }
