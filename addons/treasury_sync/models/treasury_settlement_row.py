from decimal import Decimal

from odoo import api, fields, models

from odoo.addons.treasury_sync.tools import settlements

from .engine import as_engine

ROW_KINDS = [
    ("payment", "Payment"),
    ("refund", "Refund"),
    ("refund_failure", "Refund Returned"),
    ("dispute", "Chargeback"),
    ("dispute_reversal", "Chargeback Won"),
    ("payout_failure", "Earlier Payout Returned"),
    ("fee", "Fee"),
    ("other", "Other"),
]
# Rows about an object, and which of its entries moved the clearing account.
ENTRY_OF = {
    "payment": ("payment", "payment"),
    "refund": ("refund", "move"),
    "refund_failure": ("refund", "reversal"),
    "dispute": ("dispute", "move"),
    "dispute_reversal": ("dispute", "reversal"),
    "payout_failure": ("payout", "reversal"),
}


class TreasurySettlementRow(models.Model):
    """One row of a payout, as the gateway lists it."""

    _name = "treasury.settlement.row"
    _description = "Row of a Payout"
    _inherit = "treasury.engine.written"
    _order = "payout_id desc, occurred_on, id"
    _rec_name = "external_id"

    payout_id = fields.Many2one(
        "treasury.settlement", required=True, readonly=True, index=True, ondelete="cascade"
    )
    gateway_id = fields.Many2one(related="payout_id.gateway_id", store=True, precompute=True)
    company_id = fields.Many2one(
        related="payout_id.company_id", store=True, index=True, precompute=True
    )
    external_id = fields.Char(string="Gateway's ID", required=True, readonly=True)
    kind = fields.Selection(ROW_KINDS, required=True, readonly=True)
    occurred_on = fields.Date(string="Date", readonly=True)
    text = fields.Char(readonly=True)
    gross = fields.Monetary(readonly=True)
    fee = fields.Monetary(readonly=True)
    net = fields.Monetary(readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    subject_ref = fields.Char(readonly=True, help="The object it is about, by its id.")
    subject_id = fields.Many2one(
        "treasury.settlement", string="About", readonly=True, index="btree_not_null"
    )
    problem = fields.Selection(
        [
            ("unknown", "Not in the Books"),
            ("differs", "Another Amount in the Books"),
            ("kind", "Not a Kind the Suite Knows"),
        ],
        readonly=True,
    )
    problem_amount = fields.Monetary(
        string="Missing in Clearing", readonly=True, help="What the clearing account lacks for it."
    )
    accepted_by_id = fields.Many2one(
        "res.users",
        string="Taken Over By",
        readonly=True,
        index="btree_not_null",
        help="Who booked the row as a difference.",
    )

    _row_uniq = models.Constraint("UNIQUE(payout_id, external_id)", "A payout has each row once.")
    _subject_idx = models.Index("(gateway_id, subject_ref) WHERE subject_ref IS NOT NULL")

    def _why_fixed(self):
        return self.env._("The rows of a payout are the gateway's; nobody edits them.")

    @api.model
    def _keep(self, payout, rows):
        """Keep the complete list of a payout, once.

        :param payout: ``treasury.settlement`` of that kind
        :param rows: ``settlements.Row``
        """
        known = set(payout.row_ids.mapped("external_id"))
        currency = {item.name: item for item in payout.currency_id}
        as_engine(self).create(
            [
                {
                    "payout_id": payout.id,
                    "external_id": row.external_id,
                    "kind": row.kind,
                    "occurred_on": row.occurred_on,
                    "text": row.text,
                    "gross": float(row.gross),
                    "fee": float(row.fee),
                    "net": float(row.net),
                    "currency_id": currency[row.currency].id,
                    "subject_ref": row.subject or False,
                }
                for row in rows
                if row.external_id not in known
            ]
        )
        payout.write({"rows_known": True})

    def _find_subjects(self):
        """Tie rows to the objects they are about, as far as these are known."""
        for kind, (subject_kind, _entry) in ENTRY_OF.items():
            loose = self.filtered(lambda row, kind=kind: row.kind == kind and not row.subject_id)
            if not loose:
                continue
            found = {
                item.external_id: item
                for item in self.env["treasury.settlement"].search(
                    [
                        ("gateway_id", "in", loose.gateway_id.ids),
                        ("kind", "=", subject_kind),
                        ("external_id", "in", loose.mapped("subject_ref")),
                    ]
                )
            }
            for row in loose:
                if subject := found.get(row.subject_ref):
                    as_engine(row).write({"subject_id": subject.id})

    def _clearing_items(self):
        """:return: the items of the clearing account that this row explains
        :rtype: account.move.line
        """
        self.ensure_one()
        _kind, entry = ENTRY_OF.get(self.kind, (None, None))
        subject = self.subject_id
        if entry == "payment":
            return subject._clearing_items_of(subject.payment_id.move_id)
        if entry == "move":
            return subject._clearing_items_of(subject.move_id)
        if entry == "reversal":
            return subject._clearing_items_of(subject.reversal_id)
        return self.env["account.move.line"]

    def _to_row(self):
        """:rtype: settlements.Row"""
        self.ensure_one()
        digits = self.currency_id.decimal_places

        def exact(value):
            return Decimal(f"{value:.{digits}f}")

        return settlements.Row(
            external_id=self.external_id,
            kind=self.kind,
            gross=exact(self.gross),
            fee=exact(self.fee),
            net=exact(self.net),
            currency=self.currency_id.name,
            occurred_on=self.occurred_on,
            subject=self.subject_ref or None,
        )
