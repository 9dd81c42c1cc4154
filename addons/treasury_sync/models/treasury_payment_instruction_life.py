from odoo import fields, models

from odoo.addons.finance_connector_base.tools.errors import Severity
from odoo.addons.treasury_sync.tools import life

from .engine import as_engine

_UNDONE = ("rejected", "returned")
_DATES = {
    "approved": "date_approved",
    "transmitted": "date_transmitted",
    "acknowledged": "date_acknowledged",
    "executed": "date_executed",
    "booked": "date_booked",
}


class TreasuryPaymentInstruction(models.Model):
    """The one writer of an instruction's status: forward only, every source kept."""

    _inherit = "treasury.payment.instruction"

    news_ids = fields.One2many("treasury.payment.news", "instruction_id", readonly=True)

    def _advance(self, proven, *, source, code=None, reason=None, exchange=None, **vals):
        """Take note of what a source says, and move on where that is new.

        :param life.Fate proven: what it proves
        :param str source: where it came from, see ``treasury.payment.news``
        :param str code: the source's own code
        :param str reason: why, in words
        :param exchange: ``finance.exchange`` that brought it
        :param vals: further values of an instruction that moves on
        :return: the instructions that moved
        """
        steps = {item: life.step(item.state, proven) for item in as_engine(self)}
        news = [
            item
            for item, step in steps.items()
            if step != life.Step.KNOWN or not item._is_told(proven, source, code, exchange)
        ]
        as_engine(self.env["treasury.payment.news"]).create(
            [
                {
                    "instruction_id": item.id,
                    "source": source,
                    "proven": str(proven),
                    "status_code": code,
                    "reason": reason,
                    "effect": str(steps[item]),
                    "exchange_id": exchange.id if exchange else False,
                }
                for item in news
            ]
        )
        moved = self.browse(item.id for item in news if steps[item] == life.Step.ADVANCE)
        as_engine(moved)._move(proven, source, code, reason, vals)
        for item in news:
            if steps[item] == life.Step.CONFLICT:
                item._report_conflict(proven, code, reason)
        moved.order_id._follow_instructions()
        return moved

    def _is_told(self, proven, source, code, exchange):
        """A repeated answer to the same question is no news, whatever else was said in between."""
        said = (source, str(proven), code or None)
        return any(
            (news.source, news.proven, news.status_code or None) == said
            and (not exchange or news.exchange_id == exchange)
            for news in self.news_ids
        )

    def _move(self, proven, source, code, reason, vals):
        now = fields.Datetime.now()
        self.write(
            {
                "state": str(proven),
                _DATES.get(str(proven), "date_ended"): now,
                **({"status_code": code} if code else {}),
                **({"status_reason": reason} if reason else {}),
                **vals,
            }
        )
        # The next instruction of the payment meets the unique index of this one.
        self.flush_recordset()
        if proven in _UNDONE:
            for item in self:
                item._undo(proven, source, reason)
        if proven == life.Fate.TRANSMITTED:
            self._close_paid_again()

    def _close_paid_again(self):
        """Nobody has to look any more after what was refused or came back, once all that it paid is paid with these."""
        payments = self.payment_id
        documents = payments.reconciled_bill_ids | payments.reconciled_invoice_ids
        refused = self.search(
            [
                ("state", "in", _UNDONE),
                "|",
                ("payment_id.invoice_ids", "in", documents.ids),
                ("payment_id", "in", payments.treasury_corrects_id.ids),
            ]
        )
        for item in refused:
            if not any(item.payment_id.invoice_ids.mapped("amount_residual")):
                self.env["finance.exception"]._resolve_by_system(
                    item.order_id,
                    codes=["payment_rejected", "payment_returned", "payment_recalled"],
                    unit_keys=[item._unit_key()],
                    reason=self.env._(
                        "Paid again with %s.", ", ".join(self.order_id.mapped("name"))
                    ),
                )

    def _unit_key(self):
        return f"instruction:{self.id}"

    def _undo(self, proven, source, reason):
        """The money did not leave, or came back: the bill is open again, and somebody looks after it."""
        payment = as_engine(self.payment_id)
        bills = payment.reconciled_bill_ids | payment.reconciled_invoice_ids
        # What it paid is open again, and is found by this payment when it is paid anew.
        payment.invoice_ids |= bills
        today = fields.Date.context_today(self)
        text = self.env._("%(payment)s: %(reason)s", payment=payment.name, reason=reason or proven)
        if proven == life.Fate.REJECTED:
            payment._reject(today, text)
        else:
            payment._return(today, text)
        self._open_exception(
            self._name_end(proven, source),
            self.env._(
                "%(amount)s to %(name)s: %(reason)s",
                amount=self.currency_id.format(self.amount),
                name=self.beneficiary_name,
                reason=reason or self.env._("no reason given"),
            ),
            evidence={
                "order": self.order_id.name,
                "payment": payment.name,
                "end_to_end_id": self.end_to_end_id,
                "bills": ", ".join(bills.mapped("name")),
                "bank_code": self.status_code or "",
            },
        )

    def _name_end(self, proven, source):
        """:return: the code of the exception that says how a payment ended"""
        if proven == life.Fate.RETURNED:
            return "payment_returned"
        # The bank's own report may come before its answer to the recall.
        recalled = source == "recall" or (
            life.is_cancellation(self.status_code)
            and self.env["treasury.payment.recall"]._is_asked_for(self)
        )
        return "payment_recalled" if recalled else "payment_rejected"

    def _report_conflict(self, proven, code, reason):
        self._open_exception(
            "payment_status_conflict",
            self.env._(
                "%(id)s is %(present)s, and now the bank says %(news)s (%(code)s).",
                id=self.end_to_end_id,
                present=self.state,
                news=proven,
                code=code or self.env._("no code"),
            ),
            evidence={"end_to_end_id": self.end_to_end_id, "reason": reason or ""},
            severity=Severity.HIGH,
        )

    def _open_exception(self, code, summary, *, evidence, severity=None):
        self.ensure_one()
        return self.env["finance.exception"]._open(
            code,
            summary,
            company=self.company_id,
            severity=severity,
            evidence=evidence,
            connection=self.order_id.exchange_id.connection_id,
            unit_key=self._unit_key(),
            record=self.order_id,
        )

    def _problem(self):
        """:return: why this instruction must not leave as it stands, or an empty text
        :rtype: str
        """
        self.ensure_one()
        payment, bank = self.payment_id.sudo(), self.partner_bank_id.sudo()
        if payment.state != "in_process":
            return self.env._("its payment is no longer in process")
        if payment.currency_id.compare_amounts(payment.amount, self.amount):
            return self.env._("the amount of its payment has changed")
        if bank.sanitized_acc_number != self.account_number or not bank.active:
            return self.env._("the recipient's account has changed")
        if self.mandate_id and self.mandate_id.sudo().state != "active":
            return self.env._("its mandate has ended")
        return payment._documents_problem()
