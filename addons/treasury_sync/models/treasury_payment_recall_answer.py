from odoo import api, fields, models

from odoo.addons.finance_connector_base.tools.errors import BusinessError, Severity
from odoo.addons.treasury_sync.tools import life, recalls

from .engine import as_engine

ANSWERS = [
    (recalls.ACCEPTED, "Cancelled"),
    (recalls.REFUSED, "Not Cancelled"),
    (recalls.PENDING, "Not Decided"),
]
_ASKED = ("approved", "sent", "accepted", "partly", "refused")
# Of these nothing has moved yet; what was executed comes back on the statement, if at all.
_STOPPABLE = (life.Fate.APPROVED, life.Fate.TRANSMITTED, life.Fate.ACKNOWLEDGED)


class TreasuryPaymentRecallAnswer(models.Model):
    """What a bank said of one recalled payment; every word is kept."""

    _name = "treasury.payment.recall.answer"
    _description = "Answer to a Payment Recall"
    _inherit = ["treasury.engine.written"]
    _order = "id"
    _rec_name = "code"

    recall_id = fields.Many2one(
        "treasury.payment.recall", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="recall_id.company_id", store=True, index=True)
    instruction_id = fields.Many2one(
        "treasury.payment.instruction",
        string="Payment",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    code = fields.Selection(ANSWERS, string="Answer", required=True, readonly=True)
    reason = fields.Char(readonly=True)
    exchange_id = fields.Many2one(
        "finance.exchange", readonly=True, index="btree_not_null", ondelete="restrict"
    )

    def _why_fixed(self):
        return self.env._("What the bank answered is never changed.")


class TreasuryPaymentRecall(models.Model):
    """The bank's answer (camt.029): by payment, once decided for good, and silence decides nothing."""

    _inherit = "treasury.payment.recall"

    answer_ids = fields.One2many(
        "treasury.payment.recall.answer", "recall_id", string="Answers", readonly=True
    )

    @api.model
    def _is_asked_for(self, item):
        """:return: whether the bank was asked to cancel ``item``"""
        asked = [("instruction_ids", "in", item.ids), ("state", "in", _ASKED)]
        return bool(as_engine(self).search_count(asked, limit=1))

    @api.model
    def _find_answered(self, answer, company):
        """
        :param recalls.RecallAnswer answer: of the bank
        :param company: ``res.company`` whose bank answers
        :return: the recall that it is about
        :raise BusinessError: ``payment_recall_unknown``
        """
        engine = as_engine(self)
        mine = [("company_id", "=", company.id), ("state", "in", _ASKED)]
        found = engine.search([*mine, ("case_ref", "in", list(answer.case_ids))])
        orders = list(answer.original_message_ids)
        if not found:
            found = engine.search([*mine, ("order_id.message_ref", "in", orders)])
        if len(found) != 1 or (orders and orders != [found.order_id.message_ref]):
            raise BusinessError(
                "payment_recall_unknown",
                self.env._(
                    "The bank answers a recall (case %(case)s, order %(order)s) that is not known, or not one alone.",
                    case=", ".join(sorted(answer.case_ids)) or "?",
                    order=", ".join(sorted(orders)) or "?",
                ),
                evidence={"cases": sorted(answer.case_ids), "orders": sorted(orders)},
            )
        return found

    def _take_answer(self, answer, exchange):
        """Take in what the bank says of the payments, and let those go that it cancelled.

        :param recalls.RecallAnswer answer: about this recall
        :param exchange: ``finance.exchange`` that brought it
        :return: the instructions that are cancelled by it
        """
        self.ensure_one()
        self.lock_for_update()
        items = {item.end_to_end_id: item for item in self.instruction_ids}
        recalled = {
            instruction.end_to_end_id: (group.group_id, instruction.instruction_id)
            for group in self.order_id._document().groups
            for instruction in group.instructions
            if instruction.end_to_end_id in items
        }
        found, strangers = recalls.verdicts(answer, recalled)
        refused, cancelled = self.instruction_ids.browse(), self.instruction_ids.browse()
        for key, said in found.items():
            item, before = items[key], self._decided().get(items[key])
            if not self._keep_answer(item, said, exchange) or said.status not in recalls.FINAL:
                continue
            if before and before.code != said.status:
                item._report_conflict(
                    said.status, self.env._("%s before", before.code), said.reason_text
                )
            elif not before and said.status == recalls.REFUSED:
                refused |= item
            elif not before and item.state in _STOPPABLE:
                cancelled |= item._advance(
                    life.Fate.REJECTED,
                    source="recall",
                    code=said.status,
                    reason=self.env._("cancelled by our recall"),
                    exchange=exchange,
                )
        if strangers:
            self._report_strangers(strangers, answer)
        if found:
            self._conclude(exchange, refused)
        return cancelled

    def _decided(self):
        """:return: by instruction, the first answer that decided"""
        decided = {}
        for said in self.answer_ids:
            if said.code in recalls.FINAL:
                decided.setdefault(said.instruction_id, said)
        return decided

    def _keep_answer(self, item, said, exchange):
        """:return: whether it is news"""
        last = self.answer_ids.filtered(lambda answer: answer.instruction_id == item)[-1:]
        if (last.code, last.reason or "") == (said.status, said.reason_text):
            return False
        as_engine(self.env["treasury.payment.recall.answer"]).create(
            {
                "recall_id": self.id,
                "instruction_id": item.id,
                "code": said.status,
                "reason": said.reason_text,
                "exchange_id": exchange.id,
            }
        )
        return True

    def _conclude(self, exchange, refused):
        """Give the recall the state that follows from the answers, and say what was refused."""
        decided = self._decided()
        codes = {said.code for said in decided.values()}
        if len(decided) < len(self.instruction_ids):
            state = "sent"
        elif len(codes) > 1:
            state = "partly"
        else:
            state = "accepted" if codes == {recalls.ACCEPTED} else "refused"
        if state != self.state:
            self._move(state, answer=self._describe_answers())
        reason = self.env._("%s brought the bank's word.", exchange.name)
        if self.exchange_id:
            self.exchange_id._conclude_by_report(reason)
        if self.order_id.exchange_id and self.order_id._is_answered():
            self.order_id.exchange_id._conclude_by_report(reason)
        if refused:
            self._report_refused(refused)

    def _describe_answers(self):
        labels = dict(
            self.env["treasury.payment.recall.answer"]
            ._fields["code"]
            ._description_selection(self.env)
        )
        last = {said.instruction_id: said for said in self.answer_ids}
        words = {
            ": ".join(filter(None, (labels[said.code], said.reason))): None
            for said in last.values()
        }
        return "; ".join(words)

    def _report_refused(self, refused):
        decided = self._decided()
        self.env["finance.exception"]._open(
            "payment_recall_refused",
            self.env._(
                "The bank does not cancel %(count)s payments of %(order)s, %(total)s in all: %(reason)s",
                count=len(refused),
                order=self.order_id.name,
                total=refused.currency_id.format(sum(refused.mapped("amount"))),
                reason="; ".join(
                    dict.fromkeys(filter(None, (decided[item].reason for item in refused)))
                )
                or self.env._("no reason given"),
            ),
            company=self.company_id,
            evidence={
                "order": self.order_id.name,
                "case": self.case_ref or "",
                "payments": ", ".join(refused.mapped("end_to_end_id")[:20]),
            },
            connection=self.exchange_id.connection_id,
            unit_key=f"recall:{self.id}",
            record=self.order_id,
        )

    def _report_strangers(self, strangers, answer):
        self.env["finance.exception"]._open(
            "payment_recall_unknown",
            self.env._(
                "The bank's answer to the recall of %(order)s speaks of what was not recalled: %(what)s.",
                order=self.order_id.name,
                what=", ".join(strangers[:5]),
            ),
            company=self.company_id,
            severity=Severity.HIGH,
            evidence={"order": self.order_id.name, "answer": answer.message_id or ""},
            connection=self.exchange_id.connection_id,
            unit_key=f"recall:{self.id}",
            record=self.order_id,
        )
