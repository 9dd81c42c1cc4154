import logging
from contextlib import contextmanager

from odoo import models
from odoo.tools import SQL

from .finance_exchange_state import LOCK_SPACES

_logger = logging.getLogger(__name__)


class FinanceExchange(models.Model):
    """Many small messages at once: what waits on one interface is worked on in one transaction, all of it or none.

    Only where the handler can, and only what was never tried: whatever failed or lost its worker is from then on worked
    on by itself, so one bad message costs the others a second try and nothing else.
    """

    _inherit = "finance.exchange"

    def _process_with_waiting(self):
        """Work on this exchange, and on others that wait, if the handler takes several at once."""
        with self._waiting_with() as exchanges:
            if len(exchanges) > 1:
                exchanges._process_together()
            else:
                self._process()

    @contextmanager
    def _waiting_with(self):
        """
        :return: context manager that yields this exchange and those that may be worked on with it, each locked
        """
        size = self.interface_id._handler()._together
        if size == 1 or not self._is_fresh() or self.interface_id.in_order:
            yield self
            return
        with self._lock_waiting(size - 1) as others:
            # Whoever had one of them before has committed what became of it: see that.
            self._checkpoint()
            fresh = others.exists().filtered(lambda exchange: exchange._is_fresh())
            yield (self | fresh).sorted("id")

    def _is_fresh(self):
        """:return: whether it is here for real and was never tried"""
        return self.work_status == "ready" and not self.shadow and not self.attempt_ids

    @contextmanager
    def _lock_waiting(self, count):
        """Lock up to ``count`` more exchanges of this interface that wait; none that another worker has.

        The locks are those of :meth:`_exclusive`.
        """
        space = LOCK_SPACES["run"]
        # Evaluated for the rows that the limit leaves, and for these alone.
        rows = self.env.execute_query(
            SQL(
                """
                WITH waiting AS MATERIALIZED (
                    SELECT id FROM finance_exchange exchange
                     WHERE interface_id = %(interface)s AND work_status = 'ready' AND shadow IS NOT TRUE
                       AND id != %(own)s AND NOT EXISTS (
                           SELECT FROM finance_exchange_attempt attempt WHERE attempt.exchange_id = exchange.id)
                     ORDER BY id LIMIT %(count)s)
                SELECT id FROM waiting WHERE pg_try_advisory_lock(%(space)s, id)
                """,
                interface=self.interface_id.id,
                own=self.id,
                count=count,
                space=space,
            )
        )
        locked = [row[0] for row in rows]
        try:
            yield self.browse(locked)
        except BaseException:
            # Also after a failed statement, when the transaction would refuse the unlock.
            self._abandon()
            raise
        finally:
            self.env.cr.execute(
                "SELECT pg_advisory_unlock(%s, id) FROM unnest(%s::int[]) AS id", [space, locked]
            )

    def _process_together(self):
        attempts = self._begin_together()
        try:
            self._work_together(attempts)
        except Exception as error:
            self._abandon()
            _logger.info("%s exchanges could not be posted together: %s", len(self), error)
            for exchange, attempt in zip(self, attempts, strict=True):
                if exchange.work_status == "running":
                    exchange._try(attempt)

    def _begin_together(self):
        """Put on record that each is being tried, so that one which ends its worker is not tried for ever.

        :return: ``finance.exchange.attempt`` of each, in their order
        """
        self._begin()
        attempts = self.attempt_ids.create([each._attempt_vals("process") for each in self])
        self._checkpoint()
        return attempts

    def _work_together(self, attempts):
        handler = self.interface_id._handler()
        with self._running():
            documents = [exchange._read(handler) for exchange in self]
            self._reach("validated")
            prepared = [
                handler._transform(exchange, document)
                for exchange, document in zip(self, documents, strict=True)
            ]
            self._reach("transformed")
            results = handler._post_together(self, prepared)
        self._finish_inbound(attempts, results)
        self._checkpoint()
