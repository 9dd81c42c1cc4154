import re

from odoo import Command, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .engine import as_engine

_SEPARATORS = re.compile(r"[\s,;|]+")


class TreasurySettlement(models.Model):
    """Which invoices a payment is for: by its references, by Odoo's own transaction, or by a person."""

    _inherit = "treasury.settlement"

    def _invoices_meant(self, transaction):
        """The invoices that the strongest reference names; none where that leaves a doubt.

        :param transaction: ``payment.transaction`` of the payment, where there is one
        :rtype: account.move
        """
        none = self.env["account.move"]
        if transaction:
            linked = transaction.invoice_ids.filtered(lambda move: move.state == "posted")
            if linked:
                return linked
        for text in self._life().references:
            found = self._invoices_named([text]) or self._invoices_named(
                [word for word in _SEPARATORS.split(text) if word]
            )
            found = found.filtered(lambda move: move.currency_id == self.currency_id)
            if len(found) == 1:
                return found
            same_payer = len(found.commercial_partner_id) == 1
            if (
                found
                and same_payer
                and not self.currency_id.compare_amounts(
                    sum(found.mapped("amount_total")), self.amount
                )
            ):
                return found
            if found:
                return none
        return none

    def _invoices_named(self, texts):
        """:return: posted invoices that are called one of ``texts``, in any case"""
        self.env["account.move"].flush_model(["name", "payment_reference", "ref", "state"])
        wanted = [text.upper() for text in texts]
        rows = self.env.execute_query(
            SQL(
                """SELECT id FROM account_move
                    WHERE company_id = %(company)s AND move_type = 'out_invoice' AND state = 'posted'
                      AND (upper(name) = ANY(%(texts)s) OR upper(payment_reference) = ANY(%(texts)s)
                           OR upper(ref) = ANY(%(texts)s))
                    ORDER BY id""",
                company=self.company_id.id,
                texts=wanted,
            )
        )
        return self.env["account.move"].browse(row[0] for row in rows)

    def _customer(self, transaction):
        """:return: who paid, as far as that is known without an invoice
        :rtype: res.partner
        """
        if transaction:
            return transaction.partner_id.commercial_partner_id
        if not self.customer_ref:
            return self.env["res.partner"]
        return (
            self.env["finance.mapping.table"]
            ._resolve(
                "counterparty",
                self.customer_ref,
                connection=self.gateway_id.connection_id,
                company=self.company_id,
                required=False,
            )
            .commercial_partner_id
        )

    def _payment_transaction(self):
        """Odoo's own transaction of this payment, where the module *payment* is installed: linked, never doubled.

        :rtype: payment.transaction | None
        """
        if "payment.transaction" not in self.env:
            return None
        names = [name for name in (self.provider_reference, self.external_id) if name]
        transaction = self.env["payment.transaction"].search(
            [
                ("provider_reference", "in", names),
                ("company_id", "=", self.company_id.id),
                ("operation", "not in", ("validation", "refund")),
            ],
            limit=1,
        )
        return transaction or None

    # === WHAT A PERSON DECIDES === #

    def _assign(self, invoices):
        """A person says which invoices a payment pays.

        :param invoices: ``account.move``, posted customer invoices of one customer
        :raise UserError: they cannot be paid with it
        """
        self.ensure_one()
        self._check_may_decide()
        invoices.check_access("read")
        if self.kind != "payment" or self.state != "succeeded":
            raise UserError(self.env._("Only a payment that succeeded pays invoices."))
        wrong = invoices.filtered(
            lambda move: (
                move.move_type != "out_invoice"
                or move.state != "posted"
                or move.company_id != self.company_id
                or move.currency_id != self.currency_id
            )
        )
        if wrong or not invoices or len(invoices.commercial_partner_id) > 1:
            raise UserError(
                self.env._(
                    "Choose posted invoices of one customer, in %s and of this company.",
                    self.currency_id.name,
                )
            )
        engine = as_engine(self).with_company(self.company_id)
        engine.write({"invoice_ids": [Command.set(invoices.ids)], "assigned_by_id": self.env.uid})
        self.env["finance.audit.event"]._log(
            "settlement.assigned",
            self,
            summary=self.display_name,
            details={"invoices": invoices.mapped("name")},
        )
        engine._apply()

    # === WHAT A PERSON HAS TO LOOK AT === #

    def _tell_unsettled(self):
        """Open an exception for money that nobody knows the invoice of; close it when that is over."""
        exceptions = self.env["finance.exception"]
        unmatched, overpaid = self.browse(), self.browse()
        for settlement in self:
            if not settlement.currency_id.is_zero(settlement._left_over()):
                if settlement.invoice_ids:
                    overpaid |= settlement
                else:
                    unmatched |= settlement
        exceptions._resolve_by_system(
            self - unmatched,
            codes=["settlement_unmatched"],
            reason=self.env._("What the payment is for is known."),
        )
        exceptions._resolve_by_system(
            self - overpaid,
            codes=["settlement_overpaid"],
            reason=self.env._("All of the payment is tied to what it pays."),
        )
        for settlement in unmatched:
            settlement._tell_unmatched()
        for settlement in overpaid:
            settlement._tell_overpaid()

    def _left_over(self):
        """:return: what of the payment is tied to nothing, in its currency"""
        return sum(self._own_receivable().mapped("amount_residual_currency"))

    def _payment_evidence(self):
        return {
            "payment": self.external_id,
            "amount": f"{self.amount:.{self.currency_id.decimal_places}f} {self.currency_id.name}",
            "references": self.reference or "",
            "customer": self.customer_name or self.customer_ref or "",
        }

    def _tell_unmatched(self):
        evidence = self._payment_evidence()
        self._open_case(
            "settlement_unmatched",
            self.env._(
                "%(gateway)s got %(amount)s with %(payment)s, and no invoice is named by it.",
                gateway=self.gateway_id.name,
                amount=evidence["amount"],
                payment=self.external_id,
            ),
            evidence,
        )

    def _tell_overpaid(self):
        rest = abs(self._left_over())
        self._open_case(
            "settlement_overpaid",
            self.env._(
                "%(payment)s is more than is open on %(invoices)s: %(rest)s are left.",
                payment=self.external_id,
                invoices=", ".join(self.invoice_ids.mapped("name")),
                rest=f"{rest:.{self.currency_id.decimal_places}f} {self.currency_id.name}",
            ),
            self._payment_evidence(),
        )

    def _open_case(self, code, summary, evidence, severity=None):
        return self.env["finance.exception"]._open(
            code,
            summary,
            company=self.company_id,
            connection=self.gateway_id.connection_id,
            evidence=evidence,
            unit_key=f"{self.kind}:{self.external_id}",
            record=self,
            severity=severity,
        )
