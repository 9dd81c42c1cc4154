from odoo import models
from odoo.exceptions import UserError

from odoo.addons.finance_connector_base.tools.digest import sha256_hex
from odoo.addons.finance_connector_base.tools.errors import BusinessError, Severity

from .engine import as_engine


class TreasuryPaymentOrder(models.Model):
    """The way out: one exchange for each order, and a last look before every sending."""

    _inherit = "treasury.payment.order"

    # === ACTION METHODS === #

    def action_send(self):
        """Hand approved orders to their channel; one that was handed over already stays with that.

        :return: True
        :raise UserError: it is not approved, is held, or its channel needs a person
        """
        self._check_group("preparer", "approver")
        for order in self:
            if order.state not in ("approved", "sent", "acknowledged", "executed", "booked"):
                raise UserError(self.env._("%s is not approved.", order.name))
            if not order.channel_id.sudo().interface_id:
                raise UserError(
                    self.env._(
                        "%s has no interface: download the file, transmit it and record the proof.",
                        order.channel_id.sudo().name,
                    )
                )
            if order.state == "approved":
                order._check_not_told()
                order._check_before_sending(order._file()._content())
                order._release()
        return True

    # === BUSINESS METHODS === #

    def _release(self):
        """Put an approved order into the outbox, once. What only people can carry waits for them."""
        self.ensure_one()
        interface = self.channel_id.sudo().interface_id
        if self.sudo().exchange_id or not interface or self._release_problem():
            return
        self.lock_for_update()
        exchange = self.env["finance.exchange"]._emit(
            interface,
            f"payment_order:{self.message_ref}",
            record=self,
            event_type="payment_order.approved",
            content=self._content_to_send(),
        )
        as_engine(self).exchange_id = exchange
        self._log("released", exchange=exchange.name)

    def _release_problem(self):
        """:return: what keeps an approved order from being sent, or an empty text
        :rtype: str
        """
        self.ensure_one()
        holds = self.sudo().hold_ids.filtered(
            lambda hold: hold.state == "open" and hold.version == self.version
        )
        if not holds:
            return ""
        return self.env._(
            "%(name)s is held: %(reasons)s.",
            name=self.name,
            reasons="; ".join(
                f"{hold.rule_id.name} ({hold.instruction_id.beneficiary_name})" for hold in holds
            ),
        )

    def _hold(self):
        """Hold the version that stands for whatever the fraud rules find in it."""
        self.ensure_one()
        if self.kind == "direct_debit":
            # Fraud is about money that leaves.
            return
        self._hold_for(self.env["treasury.fraud.rule"]._suspicions(self))

    def _hold_for(self, suspicions):
        """:param suspicions: ``treasury.fraud.rule`` and the instruction that it is about, of each"""
        as_engine(self.env["treasury.payment.hold"]).create(
            [
                {
                    "order_id": self.id,
                    "version": self.version,
                    "instruction_id": item.id,
                    "rule_id": rule.id,
                }
                for rule, item in suspicions
            ]
        )

    def _check_before_sending(self, content):
        """Prove that ``content`` is what was approved, by whom it had to be, and that nothing changed since.

        :param bytes content: what is about to be sent
        :raise BusinessError: ``payment_not_approved``, ``payment_held`` or ``payment_file_changed``
        """
        self.ensure_one()
        if self.state not in ("approved", "sent"):
            raise self._not_approved(self.env._("%s is not approved.", self.name))
        self._check_content(content)
        if missing := self._count_missing():
            raise self._not_approved(
                self.env._("%(name)s lacks %(missing)s approvals.", name=self.name, missing=missing)
            )
        if problem := self._release_problem():
            raise BusinessError("payment_held", problem, evidence={"order": self.name})
        account = self.journal_id.sudo().bank_account_id
        if account.sanitized_acc_number != self.payer_account:
            raise self._not_approved(
                self.env._("%s pays from an account that has changed.", self.name)
            )
        if problem := self._instructions_problem():
            raise self._not_approved(problem)

    def _instructions_problem(self):
        """:return: what is no longer as it was when the instructions were made of it, or an empty text
        :rtype: str
        """
        for item in self._live():
            if problem := item._problem():
                return f"{item.end_to_end_id}: {problem}"
        return ""

    def _check_not_told(self):
        """Refuse to send a file that the bank has by another way.

        :raise BusinessError: ``payment_not_approved``
        """
        if told := self._told_in_part():
            raise BusinessError(
                "payment_not_approved",
                told,
                next_step=self._by_hand_next(),
                evidence={"order": self.name},
            )

    def _check_content(self, content):
        """Prove that ``content`` is the file of this version, and that its instructions are what it was made of.

        :raise BusinessError: ``payment_file_changed``
        """
        if sha256_hex(content) != self.digest or self._document_digest() != self.document_digest:
            raise BusinessError(
                "payment_file_changed",
                self.env._(
                    "%s is not what was generated: it was changed in the database.", self.name
                ),
                evidence={"order": self.name, "digest": self.digest},
                severity=Severity.CRITICAL,
            )
