from odoo import api, fields, models

from .engine import as_engine


class TreasuryJournalDocument(models.Model):
    """A document of another finance system: what it was booked as, or why it was not."""

    _name = "treasury.journal.document"
    _description = "Journal Document"
    _inherit = ["treasury.engine.written", "mail.thread"]
    _order = "date desc, id desc"
    _rec_name = "document_ref"
    _check_company_auto = True

    document_ref = fields.Char(string="Sender's Number", required=True, readonly=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    connection_id = fields.Many2one(
        "finance.connection",
        string="From",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    exchange_id = fields.Many2one(
        "finance.exchange", readonly=True, index="btree_not_null", ondelete="set null"
    )
    batch_ref = fields.Char(string="Batch", readonly=True)
    date = fields.Date(readonly=True)
    reference = fields.Char(readonly=True)
    digest = fields.Char(readonly=True)
    move_ids = fields.Many2many(
        "account.move", "treasury_journal_document_move_rel", string="Entries", readonly=True
    )
    total_debit = fields.Monetary(compute="_compute_totals")
    currency_id = fields.Many2one(related="company_id.currency_id")
    reverses_id = fields.Many2one(
        "treasury.journal.document", string="Takes Back", readonly=True, index="btree_not_null"
    )
    reversed_by_ids = fields.One2many("treasury.journal.document", "reverses_id", readonly=True)
    state = fields.Selection(
        [
            ("refused", "Refused"),
            ("draft", "Draft Entry"),
            ("posted", "Posted"),
            ("reversed", "Taken Back"),
        ],
        compute="_compute_state",
    )
    is_booked = fields.Boolean(readonly=True)
    problem_text = fields.Text(string="What Is Wrong", readonly=True)

    _document_uniq = models.Constraint(
        "UNIQUE(company_id, connection_id, document_ref)",
        "The sender's document is known already.",
    )

    # === COMPUTE METHODS === #

    @api.depends("move_ids.amount_total")
    def _compute_totals(self):
        for document in self:
            document.total_debit = sum(document.move_ids.line_ids.mapped("debit"))

    @api.depends("is_booked", "move_ids.state", "reversed_by_ids.is_booked")
    def _compute_state(self):
        for document in self:
            if not document.is_booked:
                document.state = "refused"
            elif any(document.reversed_by_ids.mapped("is_booked")):
                document.state = "reversed"
            elif any(move.state == "posted" for move in document.move_ids):
                document.state = "posted"
            else:
                document.state = "draft"

    # === ACTION METHODS === #

    def action_open_entries(self):
        """:return: action that lists the journal entries of this document"""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Journal Entries"),
            "res_model": "account.move",
            "view_mode": "list,form",
            "domain": [("id", "in", self.move_ids.ids)],
        }

    # === BUSINESS METHODS === #

    def _why_fixed(self):
        return self.env._("What a document was booked as is written by the machine.")

    @api.model
    def _known(self, exchange, document_ref):
        """:return: what is known of a sender's number; perhaps nothing"""
        return as_engine(self).search(
            [
                ("company_id", "=", exchange.company_id.id),
                ("connection_id", "=", exchange.connection_id.id),
                ("document_ref", "=", document_ref),
            ]
        )

    @api.model
    def _remember(self, exchange, document, *, batch=None, moves=None, problems=(), reverses=None):
        """Write down what became of a document: its entries, or its problems.

        :param document: of ``tools.journal_documents``
        :param moves: ``account.move`` it was booked as; None: it was refused
        """
        vals = {
            "exchange_id": exchange.id,
            "batch_ref": batch or False,
            "reference": document.reference or False,
            "digest": document.digest,
            "is_booked": moves is not None,
            "problem_text": "\n".join(problems) or False,
            "reverses_id": reverses.id if reverses else False,
        }
        if moves is not None:
            vals |= {"move_ids": [(6, 0, moves.ids)], "date": moves[:1].date}
        if known := self._known(exchange, document.document_id):
            known.write(vals)
            return known
        return as_engine(self).create(
            {
                **vals,
                "document_ref": document.document_id,
                "company_id": exchange.company_id.id,
                "connection_id": exchange.connection_id.id,
            }
        )
