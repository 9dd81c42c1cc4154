import logging

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.bank_statement_api.tools import documents, pending
from odoo.addons.bank_statement_api.tools.references import end_to_end, normalise

_logger = logging.getLogger(__name__)


class BankStatementPending(models.Model):
    """A booking the bank announces and has not made: an expectation, never an entry in the books.

    The record stays the same one while the bank announces it again and again. What a person did on it, such as naming
    the partner, goes to the line once the bank has booked it.
    """

    _name = "bank.statement.pending"
    _description = "Pending Bank Transaction"
    _inherit = [
        "finance.company.mixin",
        "bank.statement.provenance.mixin",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _order = "date desc, id desc"
    _rec_name = "label"
    _check_company_auto = True

    journal_id = fields.Many2one(
        "account.journal", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="journal_id.company_id", store=True, index=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    amount = fields.Monetary(required=True, readonly=True)
    date = fields.Date(readonly=True, help="The bank's expected value date, where it gives one.")
    label = fields.Char(readonly=True)
    partner_name = fields.Char(readonly=True)
    account_number = fields.Char(readonly=True)
    provider_uid = fields.Char(
        readonly=True,
        index="btree_not_null",
        help="The interface's own id of it, where it gives one.",
    )
    end_to_end_id = fields.Char(readonly=True)
    channel = fields.Char(readonly=True, help="Format that it was announced in.")
    exchange_id = fields.Many2one(
        "finance.exchange",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
        help="What brought the bank's last word on it.",
    )
    state = fields.Selection(
        [
            ("announced", "Announced"),
            ("booked", "Booked"),
            ("withdrawn", "Not Announced Any More"),
        ],
        required=True,
        readonly=True,
        default="announced",
        tracking=True,
    )
    line_id = fields.Many2one(
        "account.bank.statement.line",
        string="Booked As",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )

    # What people say of it.
    partner_id = fields.Many2one("res.partner", tracking=True, check_company=True)
    account_id = fields.Many2one(
        "account.account",
        string="Planned Account",
        tracking=True,
        check_company=True,
        help="Where the counterpart is meant to be booked.",
    )
    user_id = fields.Many2one(
        "res.users", string="Looked After By", tracking=True, index="btree_not_null"
    )
    note = fields.Text()

    _open_idx = models.Index("(journal_id, state) WHERE state != 'booked'")
    _line_uniq = models.UniqueIndex(
        "(line_id) WHERE line_id IS NOT NULL", "A booking was announced once."
    )

    # === CRUD METHODS === #

    @api.model
    def _provenance_fields(self):
        return super()._provenance_fields() | {
            "journal_id",
            "currency_id",
            "amount",
            "date",
            "label",
            "partner_name",
            "account_number",
            "provider_uid",
            "end_to_end_id",
            "channel",
            "exchange_id",
            "state",
            "line_id",
        }

    # === THE BANK'S WORD === #

    @api.model
    def _hear(self, exchange, journal, statement, *, complete=True, withdrawn=()):
        """Take over what the bank announces: known ones stay the records they are.

        :param bool complete: what this channel announced before and does not now is not announced any more; else only
            what ``withdrawn`` names
        :param withdrawn: provider's ids of what was taken back
        :return: how many are announced
        :rtype: int
        """
        model = self.sudo().with_context(tracking_disable=True)
        channel = [("journal_id", "=", journal.id), ("channel", "=", statement.source_format)]
        if model.search_count([*channel, ("exchange_id", ">", exchange.id)], limit=1):
            # An older document that is worked on again: the bank has said something newer since.
            return 0
        booked = self._booked_uids(journal, statement.pending)
        heard = [each for each in statement.pending if each.provider_uid not in booked]
        known = model.search([("journal_id", "=", journal.id), ("state", "!=", "booked")])
        recognised = pending.same(
            [record._as_announced() for record in known],
            [_announced(number, transaction) for number, transaction in enumerate(heard)],
        )
        seen = model.browse()
        for number, transaction in enumerate(heard):
            vals = self._prepare_vals(exchange, journal, statement, transaction)
            record = model.browse(recognised.get(number, ()))
            if record:
                record.write(vals)
            else:
                record = model.create(vals)
            seen |= record
        gone = known.filtered(
            lambda record: (
                record not in seen
                and record.state == "announced"
                and (
                    record.channel == statement.source_format
                    if complete
                    else record.provider_uid in withdrawn
                )
            )
        )
        gone.write({"state": "withdrawn", "exchange_id": exchange.id})
        return len(seen)

    @api.model
    def _booked_uids(self, journal, transactions):
        """:return: ids of what is announced although it is booked, as some banks do for a while"""
        uids = [each.provider_uid for each in transactions if each.provider_uid]
        records = self.sudo().search(
            [
                ("journal_id", "=", journal.id),
                ("state", "=", "booked"),
                ("provider_uid", "in", uids),
            ]
        )
        return set(records.mapped("provider_uid"))

    @api.model
    def _prepare_vals(self, exchange, journal, statement, transaction):
        party = transaction.counterparty
        return {
            "journal_id": journal.id,
            "currency_id": (journal.currency_id or journal.company_id.currency_id).id,
            "amount": float(transaction.amount),
            "date": transaction.value_date or transaction.booking_date or False,
            "label": transaction.remittance_text or transaction.additional_info or "/",
            "partner_name": party.name or False,
            "account_number": party.iban or party.other_id or False,
            "provider_uid": transaction.provider_uid or False,
            "end_to_end_id": transaction.end_to_end_id or False,
            "channel": statement.source_format,
            "exchange_id": exchange.id,
            "state": "announced",
        }

    def _as_announced(self):
        self.ensure_one()
        amount = self.env["bank.statement.proof"]._to_decimal(self.currency_id, self.amount)
        return pending.Announced(
            id=self.id,
            amount=amount,
            uids=frozenset({self.provider_uid} - {False}),
            end_to_end_id=end_to_end(self),
            date=self.date or None,
            party=normalise(self.partner_name or self.account_number),
            text=normalise(self.label),
            arrived=self.create_date,
        )

    # === BOOKED === #

    @api.model
    def _link(self, journal, lines):
        """Recognise announced transactions among the lines of an import, and hand over what people said of them.

        :param lines: ``account.bank.statement.line`` of the journal, new ones and those known before
        :return: the announced transactions that are booked now
        """
        model = self.sudo().with_context(tracking_disable=True)
        waiting = model.search([("journal_id", "=", journal.id), ("state", "!=", "booked")])
        if not waiting or not lines:
            return model
        taken = model.search([("line_id", "in", lines.ids)]).line_id
        since = min(waiting.mapped("create_date"))
        candidates = (lines - taken).sudo().filtered(lambda line: line.create_date >= since)
        transactions = {
            line.id: documents.transaction_from_dict(line.transaction_details)
            for line in candidates
            if line.transaction_details
        }
        found = pending.booked(
            [record._as_announced() for record in waiting],
            [
                _announced(line.id, transactions[line.id], arrived=line.create_date)
                for line in candidates
                if line.id in transactions
            ],
        )
        linked = model
        for line in candidates.filtered(lambda line: line.id in found):
            record = model.browse(found[line.id])
            record.write(
                {"state": "booked", "line_id": line.id, "exchange_id": line.exchange_id.id}
            )
            record._hand_over()
            linked |= record
        return linked

    def _hand_over(self):
        """Give the booked line what people said of its announcement; what Odoo refuses stays here, for a person."""
        line = self.line_id
        try:
            with self.env.cr.savepoint():
                if (
                    self.partner_id
                    and self.partner_id != line.partner_id
                    and not line.is_reconciled
                ):
                    line._write_partner(self.partner_id)
                if self.note:
                    line.move_id.narration = "\n".join(
                        part for part in (line.narration, self.note) if part
                    )
        except UserError as error:
            _logger.info("Announced transaction %s is not handed over: %s", self.id, error)
            self.message_post(body=self.env._("The line did not take it over: %s", error))
        self.activity_ids.write(
            {
                "res_model_id": self.env["ir.model"]._get_id("account.move"),
                "res_id": line.move_id.id,
            }
        )
        self.env["mail.activity"].flush_model()
        for record in (self, line.move_id):
            record.invalidate_recordset(["activity_ids"])


def _announced(identifier, transaction, arrived=None):
    """:return: a transaction as the comparison sees it"""
    booked = transaction.status == documents.BOOKED
    party = transaction.counterparty
    return pending.Announced(
        id=identifier,
        amount=transaction.amount,
        uids=frozenset(
            {transaction.provider_uid, transaction.extras.get("pending_transaction_id")}
            - {None, ""}
        ),
        end_to_end_id=end_to_end(transaction),
        date=transaction.booking_date
        if booked
        else transaction.value_date or transaction.booking_date,
        party=normalise(party.name or party.iban or party.other_id),
        text=normalise(transaction.remittance_text or transaction.additional_info or "/"),
        arrived=arrived,
    )
