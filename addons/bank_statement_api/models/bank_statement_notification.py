from odoo import api, fields, models

from odoo.addons.bank_statement_api.tools import documents, notifications
from odoo.addons.finance_connector_base.tools.digest import sha256_hex


class BankStatementNotification(models.Model):
    """What a bank told of single bookings beside its statements: details for an entry, never an entry of its own.

    It waits until the entry is booked, whichever comes first, and then stays as evidence with it.
    """

    _name = "bank.statement.notification"
    _description = "Notification of a Booking"
    _order = "booking_date desc, id desc"
    _rec_name = "label"

    journal_id = fields.Many2one(
        "account.journal", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="journal_id.company_id", store=True, index=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    amount = fields.Monetary(required=True, readonly=True, help="Of the whole entry.")
    booking_date = fields.Date(readonly=True)
    label = fields.Char(readonly=True)
    account_servicer_ref = fields.Char(
        string="Bank's Reference", readonly=True, help="The bank's own name of the booking."
    )
    message_ref = fields.Char(string="Message", readonly=True, help="The bank's id of the message.")
    payment_count = fields.Integer(
        string="Payments", readonly=True, help="Details that it holds of the entry."
    )
    document = fields.Json(readonly=True, help="The entry as the notification has it.")
    digest = fields.Char(required=True, readonly=True)
    exchange_id = fields.Many2one(
        "finance.exchange", required=True, readonly=True, index=True, ondelete="restrict"
    )
    statement_line_id = fields.Many2one(
        "account.bank.statement.line",
        string="Booked Entry",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    state = fields.Selection(
        [("waiting", "Waiting for its Entry"), ("attached", "With its Entry")],
        compute="_compute_state",
    )
    waiting_reason = fields.Char(string="Why It Waits", readonly=True)

    _digest_uniq = models.Constraint(
        "UNIQUE(journal_id, digest)", "A notification is kept once, however often it is sent."
    )
    _waiting_idx = models.Index("(journal_id, booking_date) WHERE statement_line_id IS NULL")

    # === COMPUTE METHODS === #

    @api.depends("statement_line_id")
    def _compute_state(self):
        for notification in self:
            notification.state = "attached" if notification.statement_line_id else "waiting"

    # === BUSINESS METHODS === #

    @api.model
    def _keep(self, exchange, journal, statement):
        """Store the entries of a notification that were not sent before.

        :param Statement statement: of the kind ``notification``
        :return: the new ones, waiting
        """
        currency = self.env["bank.statement.importer"]._journal_currency(journal)
        vals_by_digest, numbers = {}, {}
        for line in statement.transactions:
            plain = documents.transaction_to_dict(line)
            # Where it stands in its file is not what it says.
            said = repr({**plain, "position": None})
            numbers[said] = numbers.get(said, 0) + 1
            digest = sha256_hex(f"{numbers[said]}\n{said}".encode())
            vals_by_digest[digest] = {
                "journal_id": journal.id,
                "currency_id": currency.id,
                "amount": float(line.batch.entry_amount if line.batch else line.amount),
                "booking_date": line.booking_date or False,
                "label": line.remittance_text or line.counterparty.name or "/",
                "account_servicer_ref": line.account_servicer_ref or False,
                "message_ref": statement.message_id or False,
                "payment_count": len(line.details) or 1,
                "document": plain,
                "digest": digest,
                "exchange_id": exchange.id,
                "waiting_reason": self.env._("Its entry is not booked yet."),
            }
        known = self.search(
            [("journal_id", "=", journal.id), ("digest", "in", list(vals_by_digest))]
        )
        for digest in known.mapped("digest"):
            vals_by_digest.pop(digest)
        return self.sudo().create(list(vals_by_digest.values()))

    @api.model
    def _attach(self, journal, days):
        """Bring what waits to the entries that are booked by now.

        :param days: booking dates to look at
        :return: lines that know more than before
        """
        line_model = self.env["account.bank.statement.line"]
        waiting = self.search(
            [
                ("journal_id", "=", journal.id),
                ("statement_line_id", "=", False),
                ("booking_date", "in", list(days)),
            ]
        )
        if not waiting:
            return line_model
        lines = line_model.search(
            [
                ("journal_id", "=", journal.id),
                ("bank_booking_date", "in", list(set(waiting.mapped("booking_date")))),
                ("bank_entry_amount", "in", list(set(waiting.mapped("amount")))),
                ("batch_part", "=", 0),
                ("fingerprint", "!=", False),
            ]
        )
        taken = set(self.search([("statement_line_id", "in", lines.ids)]).statement_line_id.ids)
        enriched = line_model
        for notification in waiting:
            enriched |= notification._attach_one(lines, taken)
        return enriched

    def _attach_one(self, lines, taken):
        """:return: the line it belongs to, or none of them"""
        self.ensure_one()
        notice = documents.transaction_from_dict(self.document)
        to_decimal = self.env["bank.statement.proof"]._to_decimal
        found = notifications.find_entry(
            notice,
            self.message_ref or None,
            (
                notifications.BookedEntry(
                    line.id,
                    to_decimal(line.currency_id, line.bank_entry_amount),
                    line.bank_booking_date,
                    documents.transaction_from_dict(line.transaction_details),
                    line.id in taken,
                )
                for line in lines
                if line.transaction_details and "position" in line.transaction_details
            ),
        )
        if not found.entry:
            self.sudo().waiting_reason = (
                self.env._("Several booked entries fit; the bank names none of them alone.")
                if found.reason == "several"
                else self.env._("Its entry is not booked yet, or the bank names it differently.")
            )
            return lines.browse()
        line = lines.browse(found.entry.id)
        taken.add(line.id)
        self.sudo().write({"statement_line_id": line.id, "waiting_reason": False})
        line._enrich(notifications.enrich(found.entry.transaction, notice))
        return line
