from odoo import fields, models

from odoo.addons.finance_connector_base.tools.schema import check_schema

_RUNNABLE = ("ready", "retry")


class FinanceExchange(models.Model):
    """The inbound run: validate, transform, post."""

    _inherit = "finance.exchange"

    def _job_process(self):
        """Work through what was received, once however often the queue calls it."""
        with self._exclusive() as exchange:
            if exchange and exchange._may_run() and not exchange._is_behind():
                exchange._process_with_waiting()
                exchange._call_next()

    # === ORDER === #

    def _is_behind(self):
        """:return: whether an earlier exchange of an interface that keeps the order is about to be worked on

        One that waits for a person, or for a later try, holds nobody up.
        """
        return self.interface_id.in_order and bool(
            self.search_count(
                [
                    ("interface_id", "=", self.interface_id.id),
                    ("shadow", "=", self.shadow),
                    ("id", "<", self.id),
                    ("work_status", "in", ("ready", "running")),
                ],
                limit=1,
            )
        )

    def _call_next(self):
        """Have the queue work on the exchange that stood behind this one."""
        if self.interface_id.in_order:
            self.search(
                [("interface_id", "=", self.interface_id.id), ("work_status", "=", "ready")],
                order="id",
                limit=1,
            )._enqueue()
            self._checkpoint()

    # === RUN === #

    def _may_run(self):
        """:return: whether work on this exchange is due now; puts right what a dead worker left behind."""
        if self.work_status == "running":
            self._recover()
        if self.work_status == "retry" and self.due_at > fields.Datetime.now():
            return False
        return self.work_status in _RUNNABLE and self._is_on()

    def _is_on(self):
        """:return: whether its interface works; what was received for real waits while that is only a shadow"""
        interface = self.interface_id
        return interface._is_running() and (self.shadow or interface.mode == "live")

    def _process(self):
        self._begin()
        attempt = self._start_attempt("process")
        self._checkpoint()
        self._try(attempt)

    def _try(self, attempt):
        """Work through it as ``attempt``, which is on record, and write down how that ended."""
        try:
            result = self._work_in_shadow() if self.shadow else self._work_through()
            self._finish_inbound(attempt, [result])
            self._checkpoint()
        except Exception as error:
            self._abandon()
            with self._running():
                self._record_failure(attempt, error)
            self._checkpoint()

    def _begin(self):
        """Take exchanges for a run of the version that is in force."""
        for exchange in self:
            version = exchange.version_id or exchange.interface_id.active_version_id
            exchange.write({"attempt_count": exchange.attempt_count + 1, "version_id": version.id})
        self._set_status("running")

    def _work_through(self):
        with self._running() as run:
            result = self._run_handler()
            self._close_settled_exceptions(run)
        return result

    def _work_in_shadow(self):
        result = self._dry_run()
        return result | self.interface_id._handler()._observe(self, result)

    def _run_handler(self):
        handler = self.interface_id._handler()
        document = self._read(handler)
        self._reach("validated")
        prepared = handler._transform(self, document)
        self._reach("transformed")
        return handler._post(self, prepared) or {}

    def _read(self, handler):
        """:return: the canonical document, proven by the handler and the schema of the version; the content, which may
        be large, does not stay in memory beside it
        """
        content = self._content()
        document = handler._validate(self, content)
        if self.version_id.json_schema:
            check_schema(handler._schema_instance(content, document), self.version_id.json_schema)
        return document

    def _close_settled_exceptions(self, run):
        """What was open before and did not come up again is settled by this run; a conflict never is."""
        settled = self._undecided_exceptions().filtered(
            lambda exception: exception.id not in run.opened
        )
        if settled:
            settled._close(
                "resolved",
                self.env._("It did not come up again when the exchange was worked on anew."),
            )

    def _undecided_exceptions(self):
        """Open ones about what this exchange carries; other content under its key is a case of its own, which neither
        keeps it from being done nor is settled by that.
        """
        return self._open_exceptions().filtered(
            lambda exception: exception.code != "idempotency_conflict"
        )

    def _finish_inbound(self, attempts, results):
        """Write down what became of exchanges that were worked through.

        :param attempts: ``finance.exchange.attempt`` of each, in their order
        :param results: of each, in their order
        """
        for exchange, attempt, result in zip(self, attempts, results, strict=True):
            attempt._end("succeeded")
            exchange.write({"result": result})
        # A shadow proves the steps without their effect.
        shadows = self.filtered("shadow")
        shadows._reach("validated")
        shadows._reach("transformed")
        undecided = (self - shadows).filtered(lambda exchange: exchange._undecided_exceptions())
        undecided._set_status("exception")
        (self - shadows - undecided)._reach("posted")
        (self - undecided)._set_status("done")

    # === DRY RUN === #

    def _dry_run(self):
        """Work through the content and undo all of it.

        :return: ``{"dry_run": True, "result": {...}, "exceptions": [{"code", "unit", "summary"}]}``: what it would have
            returned and put before a person; or ``{"dry_run": True, "error": {"code", "message", "next_step"}}``
        :rtype: dict
        """
        self.ensure_one()
        with self.env.cr.savepoint() as savepoint:
            report = self._try_dry()
            savepoint.rollback()
        return report

    def _try_dry(self):
        """Work through the content for a report, in a savepoint of the caller, who undoes it.

        :return: the report of a dry run
        :rtype: dict
        """
        self.ensure_one()
        exchange = self._engine()
        try:
            with self._running(dry=True) as run, self.env.cr.savepoint():
                result = exchange._run_handler()
                opened = self.env["finance.exception"].sudo().browse(sorted(run.opened))
                exceptions = [
                    {"code": each.code, "unit": each.unit_key, "summary": each.summary}
                    for each in opened
                ]
        except Exception as error:
            report = exchange._describe_error(error)
            told = {"code": report.code, "message": report.message, "next_step": report.next_step}
            return {"dry_run": True, "error": told}
        return {"dry_run": True, "result": result, "exceptions": exceptions}
