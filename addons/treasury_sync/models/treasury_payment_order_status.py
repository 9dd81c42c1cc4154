from odoo import api, fields, models

from odoo.addons.treasury_sync.tools import documents, life

from .engine import as_engine

# The state of an order is that of its instruction that is furthest behind, of those that are on the road.
_ORDER_STATES = {
    life.Fate.APPROVED: "approved",
    life.Fate.TRANSMITTED: "sent",
    life.Fate.ACKNOWLEDGED: "acknowledged",
    life.Fate.EXECUTED: "executed",
    life.Fate.BOOKED: "booked",
}


class TreasuryPaymentOrder(models.Model):
    """What the bank says, from whatever source, and what it means for the order."""

    _inherit = "treasury.payment.order"

    rejected_count = fields.Integer(compute="_compute_fates")
    fate_text = fields.Char(string="Payments by Status", compute="_compute_fates")

    @api.depends("instruction_ids.state", "version")
    def _compute_fates(self):
        labels = dict(
            self.env["treasury.payment.instruction"]
            ._fields["state"]
            ._description_selection(self.env)
        )
        # Counted by PostgreSQL: a list of orders would read every instruction of each.
        found = {}
        for order, version, state, count in self.env["treasury.payment.instruction"]._read_group(
            [("order_id", "in", self.ids)], ["order_id", "version", "state"], ["__count"]
        ):
            found.setdefault((order.id, version), {})[state] = count
        for order in self:
            counts = found.get((order._origin.id, order.version), {})
            order.rejected_count = counts.get("rejected", 0) + counts.get("returned", 0)
            order.fate_text = ", ".join(
                f"{counts[state]} {label.lower()}"
                for state, label in labels.items()
                if state in counts
            )

    def _follow_instructions(self):
        """Give orders the state that follows from their instructions; dates are when that was reached first."""
        for order in as_engine(self):
            items = order._live()
            if not items or order.state in ("draft", "to_approve", "cancelled"):
                continue
            moving = [life.Fate(item.state) for item in items if item.state in life.ROAD]
            if moving:
                state = _ORDER_STATES.get(min(moving, key=life.ROAD.index))
            else:
                state = "booked" if "returned" in items.mapped("state") else "rejected"
            if state in (None, order.state):
                continue
            date = f"date_{state}"
            order.write(
                {
                    "state": state,
                    **(
                        {date: fields.Datetime.now()}
                        if date in order._fields and not order[date]
                        else {}
                    ),
                }
            )
            order._log(f"is_{state}")

    def _apply_report(self, report, *, source, exchange=None):
        """Take in a status report of the bank.

        :param report: ``tools.documents.PaymentStatus`` about this order
        :param str source: see ``treasury.payment.news``
        :param exchange: ``finance.exchange`` that brought it
        :return: the instructions that moved
        """
        self.ensure_one()
        items = {item.end_to_end_id: item for item in as_engine(self)._live()}
        found, strangers = self._verdicts(report)
        moved = self.env["treasury.payment.instruction"]
        for verdict in found:
            proven = life.proven_by(verdict.code)
            if proven is None:
                strangers.append(f"{verdict.end_to_end_id}: {verdict.code}")
                continue
            item = items[verdict.end_to_end_id]
            # The bank speaks of it, so it has it.
            item._advance(life.Fate.TRANSMITTED, source=source, exchange=exchange)
            moved |= item._advance(
                proven,
                source=source,
                code=verdict.code,
                reason=verdict.reason_text or None,
                exchange=exchange,
                **({"bank_reference": verdict.bank_reference} if verdict.bank_reference else {}),
            )
        if strangers:
            self._report_strangers(strangers, report)
        return moved

    def _verdicts(self, report):
        """:return: what ``report`` says of each payment, and the end-to-end ids that the order does not have"""
        known = {
            item.end_to_end_id: (group.group_id, item.instruction_id)
            for group in self._document().groups
            for item in group.instructions
        }
        return life.verdicts(report, known)

    def _is_refused_in(self, report):
        """:return: whether ``report`` says of any payment that it is not executed, so that it can be paid again"""
        found, _strangers = self._verdicts(report)
        return any(life.proven_by(verdict.code) in life.ENDED for verdict in found)

    def _report_strangers(self, strangers, report):
        self.env["finance.exception"]._open(
            "payment_status_unknown",
            self.env._(
                "The bank's report on %(order)s speaks of what is not known: %(what)s.",
                order=self.name,
                what=", ".join(strangers[:5]),
            ),
            company=self.company_id,
            evidence={"order": self.name, "report": report.message_id or report.source_format},
            connection=self.exchange_id.connection_id,
            unit_key=f"order:{self.id}",
            record=self,
        )

    def _report_on_all(self, code, *, source_format, reasons=(), bank_reference=None):
        """:return: a report that says the same of the whole order
        :rtype: documents.PaymentStatus
        """
        return documents.PaymentStatus(
            source_format=source_format,
            source_version="",
            original_message_id=self.message_ref,
            message_id=bank_reference,
            status=code,
            reasons=tuple(reasons),
        )
