from odoo import api, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

_AT_REST = ("done", "exception", "dead", "cancelled", "ready", "retry")


class FinanceExchange(models.Model):
    """What people do with exchanges: try again, replay, cancel, look after."""

    _inherit = "finance.exchange"

    # === ACTIONS === #

    def action_retry(self):
        """Try these exchanges again at once. What may have been sent is asked for, never sent twice.

        :return: True
        :raise UserError: one is finished, or is being worked on
        """
        self._check_operator()
        for exchange in self._engine():
            if exchange.work_status in ("unknown", "waiting"):
                exchange._enqueue()
            elif exchange.work_status in ("retry", "exception", "dead"):
                exchange._log_decision("exchange.retried", self.env.user)
                exchange._resume()
            elif exchange.work_status == "ready":
                exchange._enqueue()
            else:
                raise UserError(
                    self.env._(
                        "%(name)s is %(status)s: there is nothing to try again. Replay works through it anew.",
                        name=exchange.name,
                        status=exchange._status_label(),
                    )
                )
        return True

    def action_replay(self):
        """Work through these inbound exchanges anew; the result is the same state, nothing is posted twice.

        :return: True
        :raise UserError: one is outbound, or is being worked on
        """
        self._check_operator()
        for exchange in self:
            exchange._replay()
        return True

    def action_replay_dry_run(self):
        """Say what a replay of this exchange would do, and do nothing.

        :return: ``{"dry_run": True, "result": {...}, "exceptions": [...]}``
        :rtype: dict
        :raise UserError: it is outbound
        """
        self._check_operator()
        self.ensure_one()
        return self._replay(dry_run=True)

    def action_cancel(self, reason):
        """End these exchanges without effect. What may have been sent cannot be cancelled here.

        :param str reason: why, for the auditor
        :return: True
        :raise UserError: no reason, or one cannot be cancelled any more
        """
        self._check_operator()
        if not (reason or "").strip():
            raise UserError(self.env._("Say why: the reason is kept with the exchange."))
        for exchange in self._engine():
            exchange._check_cancellable()
            exchange._log_decision("exchange.cancelled_by", self.env.user)
            exchange._set_status("cancelled", reason=reason.strip())
            if open_exceptions := exchange._open_exceptions():
                open_exceptions._close("ignored", reason.strip())
        return True

    def action_take_over(self):
        """Become the one who looks after these exchanges.

        :return: True
        """
        self._check_operator()
        for exchange in self._engine():
            exchange.owner_id = self.env.user
            exchange._log_decision("exchange.taken_over", self.env.user)
        return True

    # === REPLAY === #

    def _replay(self, dry_run=False):
        """Work through an inbound exchange anew.

        :param bool dry_run: undo it and report
        :return: the report of a dry run, else True
        :rtype: dict | bool
        :raise UserError: it is outbound, or at work
        """
        self.ensure_one()
        exchange = self._engine()
        if exchange.direction != "inbound":
            raise UserError(
                self.env._(
                    "%s was sent: what went out does not go out again. Retry asks for its status.",
                    exchange.name,
                )
            )
        if dry_run:
            return exchange._dry_run()
        if exchange.work_status not in _AT_REST:
            raise UserError(
                self.env._(
                    "%s is being worked on. Replay it when it has come to rest.", exchange.name
                )
            )
        exchange._log_decision("exchange.replayed", self.env.user)
        exchange.write(
            {"attempt_count": 0, "version_id": exchange.interface_id.active_version_id.id}
        )
        if exchange.work_status != "ready":
            exchange._set_status("ready", given={"replay"})
        exchange._enqueue()
        return True

    @api.model
    def _replay_range(self, domain, dry_run=False):
        """Replay the inbound exchanges of ``domain`` that the caller may see, oldest first.

        :param domain: which ones
        :param bool dry_run: undo each and report
        :return: exchange name -> what :meth:`_replay` returned
        :rtype: dict
        """
        exchanges = self.search(Domain(domain) & Domain("direction", "=", "inbound"), order="id")
        return {exchange.name: exchange._replay(dry_run=dry_run) for exchange in exchanges}

    # === CHECKS === #

    def _check_operator(self):
        """:raise AccessError: the caller may not work on these exchanges"""
        self.check_access("read")
        if not (
            self.env.su or self.env.user.has_group("finance_connector_base.group_finance_operator")
        ):
            raise AccessError(
                self.env._("Only operators work on exchanges. Ask your integration manager.")
            )

    def _check_cancellable(self):
        if self.work_status not in ("ready", "retry", "exception", "dead") or self._may_have_left():
            raise UserError(
                self.env._(
                    "%(name)s is %(status)s: it cannot be cancelled, because it is at work, finished or may have"
                    " reached the counterparty.",
                    name=self.name,
                    status=self._status_label(),
                )
            )

    def _status_label(self):
        return dict(self._fields["work_status"]._description_selection(self.env))[self.work_status]

    def _log_decision(self, action, user):
        self.with_user(user).sudo().env["finance.audit.event"]._log(action, exchange=self)
