import logging
import os
import platform
import random
import zlib
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import timedelta
from weakref import WeakKeyDictionary

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.finance_connector_base.tools.errors import (
    BusinessError,
    ErrorClass,
    FinanceError,
    describe,
)
from odoo.addons.finance_connector_base.tools.retry import RetryPolicy
from odoo.addons.finance_connector_base.tools.states import (
    MILESTONES,
    check_milestone,
    check_transition,
)
from odoo.addons.queue_job.job import Job

# First key of PostgreSQL's two-key advisory locks; the second is what is locked.
LOCK_SPACES = {
    "run": 0x46495201,
    "receive": 0x46495202,
    "feed": 0x46495203,
    "journal": 0x46495204,
    "instance": 0x46495205,
}
_logger = logging.getLogger(__name__)
JITTER = random.SystemRandom()
# Seconds: a job enqueued by a run must not meet the lock that this run still holds.
AFTER_RUN = 1
# Not in the cursor's own cache, which every commit clears.
_RUNS = WeakKeyDictionary()


@dataclass
class Run:
    """What happens on a cursor while an exchange is worked on."""

    dry: bool = False
    opened: set[int] = field(default_factory=set)
    """Ids of the exceptions that this run opened, or found open and still true."""


class FinanceExchange(models.Model):
    """The one writer of milestone and work status, and the transaction and lock that a run lives in."""

    _inherit = "finance.exchange"

    # === TRANSACTION === #

    def _checkpoint(self):
        """Commit what was done so far; a handler may call it between chunks of a long ``_post``.

        In a dry run nothing is committed.
        """
        if self._current_run().dry:
            self.env.flush_all()
        else:
            # The one commit of the suite: jobs and edges own their transaction, see the guarantees.
            self.env.cr.commit()  # pylint: disable=invalid-commit

    def _tell_progress(self, done, total):
        """Say how far work on it has come; people see it from the next :meth:`_checkpoint` on."""
        self.sudo().write({"progress_done": done, "progress_total": total})

    def _abandon(self):
        """Undo everything since the last checkpoint."""
        self.env.cr.rollback()

    @api.model
    def _current_run(self):
        return _RUNS.get(self.env.cr) or Run()

    @contextmanager
    def _running(self, dry=False):
        """Mark what follows as one run; within a dry run everything is dry."""
        outer = self._current_run()
        run = Run(dry=dry or outer.dry)
        _RUNS[self.env.cr] = run
        try:
            yield run
        finally:
            outer.opened |= run.opened
            _RUNS[self.env.cr] = outer

    # === LOCK === #

    @api.model
    @contextmanager
    def _advisory_lock(self, space, key, *, wait=True):
        """Hold a lock of this database session, which vanishes with the connection when the worker dies.

        :param str space: what is locked, a key of ``LOCK_SPACES``
        :param key: an id, or a text
        :param bool wait: wait for it; else see whether it is free
        :return: context manager that yields whether the lock is held
        """
        number = key if isinstance(key, int) else zlib.crc32(key.encode()) - 2**31
        parameters = [LOCK_SPACES[space], number]
        if wait:
            self.env.cr.execute("SELECT pg_advisory_lock(%s, %s)", parameters)
            locked = True
        else:
            self.env.cr.execute("SELECT pg_try_advisory_lock(%s, %s)", parameters)
            [locked] = self.env.cr.fetchone()
        dry = self._current_run().dry
        try:
            # What a dry run stands on is not undone with what fails in it.
            with self.env.cr.savepoint() if dry else nullcontext():
                yield locked
        except BaseException:
            # Also after a failed statement, when the transaction would refuse the unlock.
            if not dry:
                self._abandon()
            raise
        finally:
            if locked:
                self.env.cr.execute("SELECT pg_advisory_unlock(%s, %s)", parameters)

    @contextmanager
    def _exclusive(self, *, wait=False):
        """Work on this exchange alone.

        :param bool wait: wait for the worker that has it
        :return: context manager that yields this exchange as the engine sees it, read anew; empty when another worker
            has it
        """
        self.ensure_one()
        engine = self._engine()
        with engine._advisory_lock("run", self.id, wait=wait) as locked:
            if locked:
                # Whatever the last owner did was committed before the lock came free; see it.
                engine._checkpoint()
            yield engine.exists() if locked else engine.browse()

    def _engine(self):
        """These exchanges as the engine works on them: superuser in their company, no context of the caller."""
        company = self.sudo().company_id
        context = {"allowed_company_ids": company.ids} if len(company) == 1 else {}
        return self.with_env(self.env(user=SUPERUSER_ID, context=context, su=True))

    # === STATE === #

    def _set_status(self, status, *, due_at=None, reason=None, given=()):
        """Change what happens next; the only writer of ``work_status``.

        :param str status: the next status
        :param datetime.datetime due_at: next retry or question, or the deadline of an answer
        :param str reason: why, where a person decided
        :param given: further grounds that ``tools.states`` asks for: ``proof_not_received``, ``replay``
        :raise StateError: the life of an exchange has no such step
        """
        changes = {}
        for exchange in self.sudo():
            grounds = set(given)
            if due_at:
                grounds |= {"due_at", "deadline"}
            if reason:
                grounds.add("reason")
            if exchange.owner_id:
                grounds.add("owner")
            before = exchange.work_status
            check_transition(exchange.direction, before, status, grounds)
            vals = {"work_status": status, "due_at": due_at}
            if status == "cancelled":
                vals["cancel_reason"] = reason
            exchange.write(vals)
            changes[exchange] = {
                "before": before,
                "after": status,
                **({"due_at": fields.Datetime.to_string(due_at)} if due_at else {}),
            }
        self.env["finance.audit.event"]._log_each(
            f"exchange.{status}", changes, summary=reason or "", details=changes
        )

    def _reach(self, milestone, *, attested=False):
        """Record what was proven; the only writer of ``milestone``. What a replay proves again changes nothing.

        :param str milestone: the one just proven
        :param bool attested: the counterparty says so, which holds whatever this copy of the database knows
        :raise StateError: a proof was left out, or it is one of the other direction
        """
        reached = self.filtered(lambda exchange: not exchange._has_reached(milestone))
        for exchange in reached:
            check_milestone(
                exchange.direction, exchange.milestone or None, milestone, attested=attested
            )
        reached.sudo().write({"milestone": milestone, f"date_{milestone}": fields.Datetime.now()})
        self.env["finance.audit.event"]._log_each(f"exchange.{milestone}", reached)

    def _has_reached(self, milestone):
        """:return: whether ``milestone`` or a later one was proven."""
        self.ensure_one()
        order = MILESTONES[self.direction]
        # What is no milestone of its direction was not reached either.
        return bool(self.milestone) and milestone in order[: order.index(self.milestone) + 1]

    # === EXCEPTIONS === #

    def _open_exception(
        self,
        code,
        summary,
        *,
        kind="business",
        next_step=None,
        evidence=None,
        severity=None,
        unit_key="exchange",
        record=None,
    ):
        """Put something of this exchange before a person, once per code and unit.

        What a person chose to ignore before is not opened again.

        :param str code: stable identifier of the kind of case
        :param str summary: one sentence of what happened
        :param str kind: ``technical`` (the pipe) or ``business`` (the content)
        :param str unit_key: which unit of the exchange it is about
        :param record: the Odoo record it is about
        :rtype: finance.exception
        """
        self.ensure_one()
        exchange_sudo = self.sudo()
        ignored = exchange_sudo.exception_ids.filtered(
            lambda exception: (
                exception.state == "ignored"
                and (exception.code, exception.unit_key) == (code, unit_key)
            )
        )
        if ignored and unit_key != "exchange":
            return ignored[:1].with_env(self.env)
        exception = self.env["finance.exception"]._open(
            code,
            summary,
            company=exchange_sudo.company_id,
            kind=kind,
            severity=severity,
            next_step=next_step,
            evidence=evidence,
            exchange=self,
            unit_key=unit_key,
            record=record,
        )
        # It was inserted behind the back of the ORM.
        exchange_sudo.invalidate_recordset(["exception_ids"])
        self._current_run().opened.add(exception.id)
        return exception

    def _open_exceptions(self):
        return self.sudo().exception_ids.filtered(
            lambda exception: exception.state in ("open", "in_progress")
        )

    def _on_exceptions_closed(self):
        """Go on, now that a person has decided the last open exception of each of these exchanges.

        Resolved means that the cause is gone: it is tried again. An exchange ignored as a whole is left as it is.
        """
        for exchange in self._engine():
            if exchange.work_status not in ("exception", "dead") or exchange._open_exceptions():
                continue
            last = exchange.exception_ids.sorted(
                lambda exception: (exception.resolved_at, exception.id)
            )[-1:]
            if exchange._last_answer() == "rejected":
                exchange._set_status("cancelled", reason=last.resolution)
            elif last.state == "ignored" and last.unit_key == "exchange":
                exchange._set_status(
                    "done" if exchange._may_have_left() else "cancelled", reason=last.resolution
                )
            else:
                exchange._resume()

    def _resume(self):
        """Start a new round of tries."""
        self.write({"attempt_count": 0})
        self._set_status("ready")
        self._enqueue()

    # === ATTEMPTS === #

    def _policy(self):
        """:rtype: RetryPolicy"""
        version = self.version_id
        if not version:
            return RetryPolicy()
        return RetryPolicy(version.max_attempts, version.base_seconds, version.cap_seconds)

    def _start_attempt(self, kind, state="running", **vals):
        self.ensure_one()
        last = self.attempt_ids.search(
            [("exchange_id", "=", self.id)], order="number desc", limit=1
        )
        vals = {"number": last.number + 1, "state": state, **vals}
        return self.attempt_ids.create(self._attempt_vals(kind) | vals)

    def _attempt_vals(self, kind):
        """:return: values of an attempt that begins now; the first one, unless told otherwise"""
        self.ensure_one()
        return {
            "exchange_id": self.id,
            "company_id": self.company_id.id,
            "number": 1,
            "kind": kind,
            "state": "running",
            "started_at": fields.Datetime.now(),
            "worker": f"{platform.node()}:{os.getpid()}",
        }

    def _last_attempt(self, *kinds):
        self.ensure_one()
        return self.env["finance.exchange.attempt"].search(
            [("exchange_id", "=", self.id), ("kind", "in", kinds)], order="number desc", limit=1
        )

    def _record_failure(self, attempt, error):
        """Write down why ``attempt`` failed and decide what happens next. The run was undone before.

        :param attempt: ``finance.exchange.attempt``, one record
        :param Exception error: what was raised
        """
        self.ensure_one()
        report = self._describe_error(error)
        attempt._end(report.error_class, report)
        if report.error_class == ErrorClass.RETRYABLE:
            self._retry_later(report)
            return
        self._open_exception(
            report.code,
            report.message,
            kind="business" if report.error_class == ErrorClass.BUSINESS else "technical",
            next_step=report.next_step or None,
            evidence=report.evidence or {"attempt": attempt.number},
            severity=report.severity if report.error_class == ErrorClass.BUSINESS else None,
        )
        self._set_status("exception")

    def _retry_later(self, report):
        """Due again after a pause, or dead with an owner when the tries of this round are spent."""
        policy = self._policy()
        if policy.exhausted(self.attempt_count):
            self._bury(report)
        else:
            self._pause(policy.next_delay(self.attempt_count, JITTER, report.retry_after))

    def _pause(self, seconds):
        self._set_status("retry", due_at=fields.Datetime.now() + timedelta(seconds=seconds))
        self._enqueue(seconds)

    def _bury(self, report):
        """The tries are spent: a dead letter, with an owner."""
        if not self.owner_id:
            self.owner_id = self._find_owner()
        self._open_exception(
            "retries_exhausted",
            self.env._(
                "%(name)s failed %(count)s times: %(error)s",
                name=self.name,
                count=self.attempt_count,
                error=report.message,
            ),
            kind="technical",
            evidence={"attempts": self.attempt_count, "last_error": report.code},
        )
        self._set_status("dead")

    def _find_owner(self):
        """Who looks after an exchange that nobody owns yet: a dead letter always has an owner."""
        owner = self.interface_id.owner_id or self.connection_id.owner_id
        if owner.active:
            return owner
        managers = self.env.ref("finance_connector_base.group_finance_manager").all_user_ids
        return (
            managers.filtered(lambda user: user.active and self.company_id in user.company_ids)[:1]
            or self.env.user
        )

    @api.model
    def _describe_error(self, error):
        """:return: ``error`` in a form that may be stored and shown; one that nobody foresaw goes to the log as well.
        :rtype: ErrorReport
        """
        if isinstance(error, UserError):
            return describe(BusinessError("refused_by_odoo", str(error)))
        report = describe(error)
        if isinstance(error, FinanceError) or report.error_class != ErrorClass.FINAL:
            return report
        _logger.error("Unexpected error in an exchange", exc_info=error)
        return replace(report, code="unexpected_error")

    # === JOBS === #

    def _enqueue(self, delay=0, method=None):
        """Have the queue work on these exchanges. A job may run twice or never: the exchange is the truth.

        :param float delay: seconds to wait
        :param str method: job method; by default the one that its direction and status call for
        """
        for exchange in self._engine():
            name = method or exchange._job_method()
            delayable = exchange.with_delay(**exchange._job_options(name, delay))
            getattr(delayable, name)()

    def _enqueue_new(self):
        """:meth:`_enqueue` for an exchange that is being made: no job can have its key yet, nobody follows this one.

        The row is what ``with_delay`` would have made of it.
        """
        exchange = self._engine()
        name = exchange._job_method()
        job = Job(getattr(exchange, name), **exchange._job_options(name))
        self.env["queue.job"].sudo()._insert(job._store_values(create=True))

    def _job_options(self, name, delay=0):
        due = fields.Datetime.to_string(self.due_at) if self.due_at else "now"
        return {
            "eta": int(delay) + 1 if delay else None,
            "identity_key": f"finance.exchange,{self.id},{name},{due}",
            "description": f"{self.name} {name.removeprefix('_job_')}",
            "max_retries": 0,
        }

    def _job_method(self):
        if self.direction == "inbound":
            return "_job_process"
        return "_job_query_status" if self.work_status in ("unknown", "waiting") else "_job_send"
