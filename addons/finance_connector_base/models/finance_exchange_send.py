from datetime import timedelta

from odoo import fields, models

from odoo.addons.finance_connector_base.models.finance_exchange_state import (
    AFTER_RUN,
    JITTER,
)
from odoo.addons.finance_connector_base.tools.digest import sha256_hex
from odoo.addons.finance_connector_base.tools.errors import (
    ErrorClass,
    FinanceError,
    RetryableError,
    UnknownOutcomeError,
)
from odoo.addons.finance_connector_base.tools.states import MILESTONES, NEEDS_PERSON, TERMINAL

_IN_DOUBT = ("sending", "unknown")


class FinanceExchange(models.Model):
    """The outbound run: prepare, send once, find out what became of it.

    No call is made inside a transaction that could be repeated: the attempt is committed as ``sending`` before the
    call, its outcome after it. Whoever finds a ``sending`` attempt that nobody works on knows only that the
    counterparty may have it.
    """

    _inherit = "finance.exchange"

    def _job_send(self):
        """Send what is ready, once however often the queue calls it."""
        with self._exclusive() as exchange:
            if exchange and exchange._may_run():
                exchange._send()

    def _job_query_status(self):
        """Ask the counterparty what became of it."""
        with self._exclusive() as exchange:
            if exchange and exchange.work_status == "running":
                exchange._recover()
            if exchange and exchange.work_status in ("unknown", "waiting"):
                exchange._query_status()

    # === SENDING === #

    def _send(self):
        if self._may_have_left():
            self._set_status("running")
            self._go_on_after_sending()
            return
        content = self._prepare_content()
        if content is None:
            return
        if self.shadow:
            self._set_status("running")
            self.write({"result": {"dry_run": True, "prepared_digest": self.digest}})
            self._set_status("done")
            self._checkpoint()
            return
        try:
            self.connection_id._guard_call("send")
        except RetryableError as error:
            # Nothing was tried, so it costs none of the tries.
            self._set_status("running")
            self._pause(self._policy().next_delay(1, JITTER, error.retry_after))
            self._checkpoint()
            return
        except FinanceError as error:
            self._fail_before_sending(error)
            return
        self._begin()
        attempt = self._start_attempt("send", "sending", request_digest=self.digest)
        self._checkpoint()
        try:
            outcome = self.connection_id._adapter()._send(self, content)
        except Exception as error:
            self._abandon()
            error = self._class_send_error(error)
            self.connection_id._record_outcome(error)
            self._record_send_failure(attempt, error)
            self._checkpoint()
            return
        self._keep_outcome(attempt, outcome)
        self._reach("sent")
        self._checkpoint()
        self.connection_id._record_outcome()
        self._conclude(outcome)

    def _go_on_after_sending(self):
        """Where a second sending is out of the question: use the answer that is kept, or ask."""
        sent = self._last_attempt("send")
        if sent.state == "succeeded":
            self._conclude(sent._outcome())
        else:
            self._doubt()
            self._checkpoint()

    def _prepare_content(self):
        """Have the handler prepare the bytes, once, and prove them.

        :return: the bytes, or ``None`` when nothing may be sent
        :rtype: bytes | None
        """
        try:
            handler = self.interface_id._handler()
            if not self._has_reached("prepared"):
                self._store_prepared(handler._prepare(self))
                # Bytes that turn out not to be fit for sending stay as evidence of that.
                self._checkpoint()
            content = self._content()
            if not self._has_reached("validated"):
                handler._validate_prepared(self, content)
                self._reach("validated")
            # From here on it sees what a person decided while it was prepared.
            self._checkpoint()
            if self.work_status == "cancelled":
                return None
            # What is checked holds until it is on record that it leaves, which is the next commit.
            handler._check_before_send(self, content)
        except Exception as error:
            self._abandon()
            self._fail_before_sending(error)
            return None
        return content

    def _store_prepared(self, content):
        """Fix the bytes that will be sent."""
        self.ensure_one()
        self._store_payload("content", content)
        self.sudo().write({"digest": sha256_hex(content)})
        self._reach("prepared")

    def _fail_before_sending(self, error):
        if self.work_status == "cancelled":
            # A person ended it while it was prepared; that this failed then is no news.
            return
        self._begin()
        attempt = self._start_attempt("process")
        with self._running():
            self._record_failure(attempt, error)
        self._checkpoint()

    def _class_send_error(self, error):
        """An error that the adapter did not class says nothing about whether the bytes were taken."""
        if isinstance(error, FinanceError):
            return error
        report = self._describe_error(error)
        return UnknownOutcomeError(f"The call broke off: {report.message}", code=report.code)

    def _record_send_failure(self, attempt, error):
        with self._running():
            if error.error_class != ErrorClass.UNKNOWN:
                self._record_failure(attempt, error)
                return
            attempt._end("unknown", self._describe_error(error))
            if self.interface_id._handler()._safe_to_repeat:
                self._retry_later(self._describe_error(error))
            else:
                self._doubt()

    def _may_have_left(self):
        """:return: whether the counterparty may have it: then it is never sent again without an answer."""
        self.ensure_one()
        if self.direction == "inbound":
            return False
        if self._has_reached("sent"):
            return True
        in_doubt = (
            self._last_attempt("send").state in _IN_DOUBT
            and not self.interface_id._handler()._safe_to_repeat
        )
        return in_doubt and self._last_answer() != "not_found"

    def _last_answer(self):
        """What the counterparty said last about the present send attempt, if it was asked."""
        sent, asked = self._last_attempt("send"), self._last_attempt("status")
        return asked.answer if asked.number > sent.number else False

    def _doubt(self):
        self._set_status("unknown", due_at=fields.Datetime.now())
        self._enqueue(AFTER_RUN)

    def _keep_outcome(self, attempt, outcome):
        attempt._end("succeeded", outcome=outcome)
        if outcome.get("response"):
            self._store_payload("response", outcome["response"])
        if outcome.get("external_ref"):
            self.external_ref = outcome["external_ref"]

    # === WHAT BECAME OF IT === #

    def _query_status(self):
        overdue = (
            self.work_status == "waiting" and self.due_at and self.due_at <= fields.Datetime.now()
        )
        try:
            self.connection_id._guard_call("status")
        except RetryableError as error:
            self._ask_again(error.retry_after)
            self._checkpoint()
            return
        except FinanceError as error:
            self._record_query_failure(self._start_attempt("status"), error, overdue)
            self._checkpoint()
            return
        attempt = self._start_attempt("status")
        self._checkpoint()
        try:
            outcome = self.connection_id._adapter()._query_status(self)
        except Exception as error:
            self._abandon()
            self.connection_id._record_outcome(error)
            self._record_query_failure(attempt, error, overdue)
            self._checkpoint()
            return
        self._keep_outcome(attempt, outcome)
        self._checkpoint()
        self.connection_id._record_outcome()
        with self._running():
            self._act_on_answer(outcome, overdue)
        self._checkpoint()

    def _record_query_failure(self, attempt, error, overdue):
        """The question failed, the exchange stays as it is; nobody to ask is a case for a person."""
        report = self._describe_error(error)
        attempt._end(report.error_class, report)
        if overdue:
            self._raise_overdue()
        elif report.error_class in (ErrorClass.RETRYABLE, ErrorClass.UNKNOWN):
            self._ask_again(report.retry_after)
        elif self.work_status == "unknown":
            self._open_exception(
                "outcome_unknown",
                self.env._(
                    "%(name)s may have reached %(connection)s, and the question failed: %(error)s",
                    name=self.name,
                    connection=self.connection_id.name,
                    error=report.message,
                ),
                kind="technical",
                evidence={"attempt": self._last_attempt("send").number, "error": report.code},
            )
            self._set_status("exception")

    def _ask_again(self, retry_after=None):
        """An unknown outcome is asked for until it is known; a waiting exchange is asked about at its deadline."""
        if self.work_status != "unknown":
            return
        asked = self.attempt_ids.search_count(
            [("exchange_id", "=", self.id), ("kind", "=", "status")]
        )
        delay = self._policy().next_delay(asked, JITTER, retry_after)
        self.due_at = fields.Datetime.now() + timedelta(seconds=delay)
        self._enqueue(delay)

    def _act_on_answer(self, outcome, overdue):
        status = outcome["status"]
        if (
            status == "not_found"
            and self.work_status == "unknown"
            and not self._has_reached("sent")
        ):
            self._set_status("ready", given={"proof_not_received"})
            self._enqueue(AFTER_RUN)
        elif status == "rejected":
            self._reach("sent", attested=True)
            self._reject(outcome)
        elif status == "accepted":
            self._reach("sent", attested=True)
            self._conclude({**outcome, "acknowledged": True})
        elif overdue:
            self._raise_overdue()
        elif self.work_status == "unknown":
            self._reach("sent", attested=True)
            self._await_answer()

    def _conclude(self, outcome):
        """:meth:`_settle` in a transaction of its own; what fails in it is for a person, the sending stands."""
        self._checkpoint()
        try:
            self._settle(outcome)
        except Exception as error:
            self._abandon()
            report = self._describe_error(error)
            self._open_exception(
                report.code,
                report.message,
                next_step=report.next_step or None,
                evidence=report.evidence or None,
                severity=report.severity,
            )
            if self.work_status != "exception":
                self._set_status("exception")
        self._checkpoint()

    def _settle(self, outcome):
        """Let the handler say what an answer proves, and go on from there, in the caller's transaction.

        Also for an answer that came by another way, such as a status report in a file.

        :param dict outcome: as returned by the adapter
        :raise FinanceError: from the handler
        """
        self.ensure_one()
        handler = self.interface_id._handler()
        order = MILESTONES[self.direction]
        with self._running() as run:
            proven = handler._settle(self, outcome)
            self._reach(proven)
            final = order.index(proven) >= order.index(handler._final_milestone)
            if final or self.work_status == "running":
                self._close_settled_exceptions(run)
        if self._open_exceptions():
            if self.work_status not in NEEDS_PERSON:
                self._set_status("exception")
        elif not final:
            self._await_answer()
        elif self.work_status not in TERMINAL:
            self._set_status("done", reason=self.env._("%s confirmed it.", self.connection_id.name))

    def _await_answer(self):
        if self.work_status in ("running", "unknown"):
            minutes = self.version_id.ack_deadline_minutes or 60
            self._set_status("waiting", due_at=fields.Datetime.now() + timedelta(minutes=minutes))

    def _reject(self, outcome):
        self._open_exception(
            "rejected",
            self.env._(
                "%(connection)s refused %(name)s: %(reason)s",
                connection=self.connection_id.name,
                name=self.name,
                reason=outcome.get("reason") or self.env._("no reason given"),
            ),
            evidence={
                "external_ref": self.external_ref or "",
                "reason": outcome.get("reason") or "",
            },
        )
        self._set_status("exception")

    def _raise_overdue(self):
        self._open_exception(
            "acknowledgement_overdue",
            self.env._(
                "%(connection)s did not confirm %(name)s in time.",
                connection=self.connection_id.name,
                name=self.name,
            ),
            evidence={
                "sent": fields.Datetime.to_string(self.date_sent),
                "external_ref": self.external_ref or "",
            },
        )
        self._set_status("exception")
