from odoo import fields, models

from odoo.addons.finance_connector_base.tools.digest import sha256_hex


class FinanceExchangeAttempt(models.Model):
    """One try at an exchange, written before the work starts."""

    _name = "finance.exchange.attempt"
    _description = "Finance Exchange Attempt"
    _order = "exchange_id, number desc"
    _rec_name = "number"

    exchange_id = fields.Many2one(
        "finance.exchange", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="exchange_id.company_id", store=True, index=True)
    number = fields.Integer(required=True, readonly=True)
    kind = fields.Selection(
        [
            ("process", "Process"),
            ("send", "Send"),
            ("status", "Status query"),
        ],
        required=True,
        readonly=True,
    )
    started_at = fields.Datetime(required=True, readonly=True)
    ended_at = fields.Datetime(readonly=True)
    state = fields.Selection(
        [
            ("running", "Running"),
            ("sending", "Sending"),
            ("succeeded", "Succeeded"),
            ("retryable", "Failed, to be retried"),
            ("final", "Failed for good"),
            ("business", "Put before a person"),
            ("unknown", "Outcome unknown"),
            ("interrupted", "Interrupted"),
        ],
        required=True,
        readonly=True,
    )
    answer = fields.Selection(
        [
            ("accepted", "Accepted"),
            ("rejected", "Rejected"),
            ("pending", "Pending"),
            ("not_found", "Not Found"),
        ],
        readonly=True,
        help="What the counterparty said.",
    )
    http_status = fields.Integer(readonly=True, string="HTTP status")
    request_digest = fields.Char(readonly=True)
    response_digest = fields.Char(readonly=True)
    error_code = fields.Char(readonly=True)
    error_message = fields.Char(readonly=True, help="Masked.")
    worker = fields.Char(readonly=True, help="Host and process that did it.")
    user_id = fields.Many2one("res.users", readonly=True, index="btree_not_null")

    _number_uniq = models.Constraint(
        "UNIQUE(exchange_id, number)", "An attempt number is used once."
    )

    # === BUSINESS METHODS === #

    def _end(self, state, report=None, outcome=None):
        """Write how the attempt ended.

        :param str state: one of the field ``state``
        :param ErrorReport report: what went wrong, masked
        :param dict outcome: what the adapter returned
        """
        self.ensure_one()
        outcome = outcome or {}
        response = outcome.get("response")
        self.write(
            {
                "state": str(state),
                "ended_at": fields.Datetime.now(),
                "error_code": report and report.code,
                "error_message": report and report.message,
                "http_status": outcome.get("http_status"),
                "answer": outcome.get("status") or (outcome.get("acknowledged") and "accepted"),
                "response_digest": response and sha256_hex(response),
            }
        )

    def _outcome(self):
        """:return: what is kept of the adapter's answer, in the form that a handler's ``_settle`` takes
        :rtype: dict
        """
        self.ensure_one()
        return {
            "external_ref": self.exchange_id.external_ref,
            "http_status": self.http_status,
            "acknowledged": self.answer == "accepted",
        }
