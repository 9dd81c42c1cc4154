from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.finance_connector_base.models.finance_exchange_state import JITTER
from odoo.addons.finance_connector_base.models.turns import one_by_one
from odoo.addons.finance_connector_base.tools.retry import RetryPolicy

from .engine import as_engine

# A bank executes in batches through the day: often at first, then a few times a day.
_ASKING = RetryPolicy(max_attempts=10**6, base_seconds=300.0, cap_seconds=4 * 3600.0)
_BATCH = 200
_OPEN = ("transmitted", "acknowledged")


class TreasuryPaymentOrder(models.Model):
    """After the sending: ask until the fate of every payment is known, and tell a person when it is not in time."""

    _inherit = "treasury.payment.order"

    next_question_at = fields.Datetime(
        readonly=True, copy=False, index="btree_not_null", help="When the bank is asked next."
    )
    question_count = fields.Integer(readonly=True, copy=False)
    answer_due_at = fields.Datetime(
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="Until when the bank has to have said what became of every payment.",
    )

    # === ACTION METHODS === #

    def action_ask_bank(self):
        """Ask the bank at once what became of the payments.

        :return: True
        :raise UserError: the bank cannot be asked
        """
        self._check_group("preparer", "approver")
        for order in self:
            if not order.sudo()._can_be_asked() or not order.sudo().next_question_at:
                raise UserError(
                    self.env._(
                        "There is nothing to ask about %s: wait for the bank's report, or upload it.",
                        order.name,
                    )
                )
            as_engine(order).exchange_id._enqueue_follow()
        return True

    # === SCHEDULE === #

    @api.model
    def _cron_follow(self):
        """Every few minutes: ask about what is under way, and put before a person what is overdue."""
        now = fields.Datetime.now()
        engine = as_engine(self)
        asked = engine.search([("next_question_at", "<=", now)], limit=_BATCH)
        for order in asked:
            order.exchange_id._enqueue_follow()
        overdue = [("answer_due_at", "<=", now)]
        for order in one_by_one(engine.search(overdue, limit=_BATCH), overdue):
            order._report_overdue()
        self.env["ir.cron"]._commit_progress(len(asked), remaining=0)

    # === BUSINESS METHODS === #

    def _follow_instructions(self):
        result = super()._follow_instructions()
        for order in as_engine(self):
            order._plan_following()
        return result

    def _plan_following(self):
        """Ask, and wait, as long as the fate of a payment is open; no longer."""
        self.ensure_one()
        open_items = self._live().filtered(lambda item: item.state in _OPEN)
        if not open_items:
            if self.next_question_at or self.answer_due_at or self.question_count:
                self.write({"next_question_at": False, "answer_due_at": False, "question_count": 0})
                self.env["finance.exception"]._resolve_by_system(
                    self,
                    codes=["payment_no_answer"],
                    reason=self.env._("The fate of every payment is known."),
                )
            return
        if not self.answer_due_at and not self.question_count:
            self.answer_due_at = self._find_answer_due()
        if not self.next_question_at and self._can_be_asked():
            self.next_question_at = fields.Datetime.now() + timedelta(
                seconds=_ASKING.next_delay(1, JITTER)
            )

    def _can_be_asked(self):
        connection = self.exchange_id.connection_id
        return bool(connection) and "query_payments" in connection._adapter()._capabilities

    def _find_answer_due(self):
        """:return: the moment by which the bank has to have told, see the channel
        :rtype: datetime.datetime
        """
        start = max(fields.Datetime.now(), fields.Datetime.to_datetime(self.requested_date))
        return start + timedelta(hours=self.channel_id.answer_hours)

    def _plan_next_question(self, retry_after=None):
        """The bank was asked, and what it said is taken in: ask again later if need be."""
        self.ensure_one()
        if not self.next_question_at:
            return
        count = self.question_count + 1
        delay = _ASKING.next_delay(count, JITTER, retry_after)
        self.write(
            {
                "question_count": count,
                "next_question_at": fields.Datetime.now() + timedelta(seconds=delay),
            }
        )

    def _report_overdue(self):
        """Put before a person what the bank has not spoken of in time, once."""
        for order in as_engine(self):
            # Planned once, however long the silence lasts.
            order.write({"answer_due_at": False, "question_count": max(order.question_count, 1)})
            waiting = order._live().filtered(lambda item: item.state in _OPEN)
            if waiting:
                order._open_no_answer(waiting)

    def _open_no_answer(self, waiting):
        self.ensure_one()
        self.env["finance.exception"]._open(
            "payment_no_answer",
            self.env._(
                "%(bank)s has not said what became of %(count)s payments of %(order)s, %(total)s in all.",
                bank=self.exchange_id.connection_id.name or self.channel_id.name,
                count=len(waiting),
                order=self.name,
                total=self.currency_id.format(sum(waiting.mapped("amount"))),
            ),
            company=self.company_id,
            evidence={
                "order": self.name,
                "message": self.message_ref,
                "sent": fields.Datetime.to_string(self.date_sent) if self.date_sent else "",
                "payments": ", ".join(waiting.mapped("end_to_end_id")[:20]),
            },
            connection=self.exchange_id.connection_id,
            unit_key=f"order:{self.id}",
            record=self,
        )

    # === REPORTS === #

    def _reporting_connections(self):
        """:return: ``finance.connection`` whose word on this order counts: the one that it left by (where a person
        carried it, that of its channel) and those that its channel names
        """
        self.ensure_one()
        way = self.exchange_id or self.channel_id.interface_id
        return way.connection_id | self.channel_id.report_connection_ids

    def _is_answered(self):
        """:return: whether the bank has said of every payment that it has it, or what became of it"""
        self.ensure_one()
        return not self._live().filtered(
            lambda item: item.state in ("generated", "approved", "transmitted")
        )

    def _take_report(self, report, *, source, exchange):
        """Take in a report that came by another way than as an answer: a file, a webhook.

        :param report: ``tools.documents.PaymentStatus`` about this order
        :param str source: see ``treasury.payment.news``
        :param exchange: ``finance.exchange`` that brought it
        :return: the instructions that moved
        """
        self.ensure_one()
        order = as_engine(self)
        moved = order._apply_report(report, source=source, exchange=exchange)
        if order.exchange_id and order._is_answered():
            order.exchange_id._conclude_by_report(
                self.env._("%s brought the bank's word.", exchange.name)
            )
        return moved
