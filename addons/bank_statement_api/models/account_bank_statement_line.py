from markupsafe import Markup

from odoo import api, fields, models

from odoo.addons.bank_statement_api.tools import documents, transaction_kinds

PROVENANCE = frozenset(
    {
        "account_servicer_ref",
        "bank_document_kind",
        "bank_kind",
        "bank_reversal",
        "counterparty_bic",
        "creditor_reference",
        "creditor_scheme_id",
        "mandate_id",
        "exchange_id",
        "bank_position",
        "bank_channel",
        "bank_booking_date",
        "bank_value_date",
        "bank_transaction_code",
        "end_to_end_id",
        "bank_entry_amount",
        "provider_uid",
        "interface_uid",
        "uid_strategy",
        "fingerprint",
        "fingerprint_version",
        "fingerprint_occurrence",
        "batch_part",
        "match_state",
        "match_explanation",
        "match_evidence",
        "match_before",
    }
)
FIGURES = ("amount", "date", "journal_id")
"""What Odoo lets an accountant change, and an auditor has to see."""


class AccountBankStatementLine(models.Model):
    """A booked transaction with its provenance, the bank's own dates and the keys that keep it single."""

    _name = "account.bank.statement.line"
    _inherit = ["account.bank.statement.line", "bank.statement.provenance.mixin"]

    exchange_id = fields.Many2one(
        "finance.exchange", readonly=True, copy=False, index="btree_not_null", ondelete="restrict"
    )
    bank_position = fields.Char(
        readonly=True,
        copy=False,
        help="Where it stands in the bank's document: statement / entry / detail, line.",
    )
    bank_channel = fields.Char(readonly=True, copy=False, help="Format it came in first.")
    bank_booking_date = fields.Date(
        readonly=True,
        copy=False,
        help="The bank's booking date; the accounting date is the entry's.",
    )
    bank_value_date = fields.Date(readonly=True, copy=False)
    bank_transaction_code = fields.Char(readonly=True, copy=False)
    bank_kind = fields.Selection(
        [
            ("transfer", "Credit Transfer"),
            ("direct_debit", "Direct Debit"),
            ("card", "Card"),
            ("cash", "Cash"),
            ("cheque", "Cheque"),
            ("bill", "Bill of Exchange"),
            ("fee", "Fee"),
            ("interest", "Interest"),
            ("return", "Return or Reversal"),
            ("foreign_exchange", "Currency Exchange"),
            ("securities", "Securities"),
            ("loan", "Loan"),
            ("sweep", "Cash Pooling"),
            ("other", "Other"),
        ],
        string="Kind of Transaction",
        readonly=True,
        copy=False,
        help="From the bank transaction code; see tools/transaction_kinds.py.",
    )
    bank_document_kind = fields.Selection(
        [("statement", "Statement"), ("report", "Intraday Report")],
        string="Came First in",
        readonly=True,
        copy=False,
    )
    bank_reversal = fields.Boolean(
        string="Taken Back",
        readonly=True,
        copy=False,
        help="The bank says that it takes back an earlier booking; the sign of the amount says so already.",
    )
    end_to_end_id = fields.Char(readonly=True, copy=False)
    account_servicer_ref = fields.Char(
        string="Bank's Reference",
        readonly=True,
        copy=False,
        help="The bank's own name of the booking, equal in all its channels.",
    )
    creditor_reference = fields.Char(
        readonly=True, copy=False, help="Structured references, as the payer gave them."
    )
    mandate_id = fields.Char(string="Direct Debit Mandate", readonly=True, copy=False)
    creditor_scheme_id = fields.Char(
        string="Creditor Identifier", readonly=True, copy=False, help="Of a SEPA direct debit."
    )
    counterparty_bic = fields.Char(string="Other Party's Bank (BIC)", readonly=True, copy=False)
    bank_entry_amount = fields.Monetary(
        readonly=True,
        copy=False,
        help="Booked amount of the whole entry, where this line is a part of a batch.",
    )
    provider_uid = fields.Char(readonly=True, copy=False)
    interface_uid = fields.Char(
        readonly=True,
        copy=False,
        help="What an interface calls the booking that another channel brought first.",
    )
    uid_strategy = fields.Integer(readonly=True, copy=False)
    fingerprint = fields.Char(readonly=True, copy=False)
    fingerprint_version = fields.Integer(readonly=True, copy=False)
    fingerprint_occurrence = fields.Integer(readonly=True, copy=False)
    batch_part = fields.Integer(readonly=True, copy=False)
    pending_ids = fields.One2many(
        "bank.statement.pending",
        "line_id",
        string="Announced As",
        readonly=True,
        help="What the bank announced, and what people said of it, before it booked this.",
    )
    bank_facts = fields.Html(
        string="What the Bank Said",
        compute="_compute_bank_facts",
        sanitize=False,
        help="References, charges, foreign amounts and payments of the booking, as its documents give them.",
    )
    match_state = fields.Selection(
        [
            ("pending", "Not Looked At"),
            ("matched", "Matched"),
            ("uncertain", "Needs a Decision"),
            ("no_evidence", "No Reference Found"),
        ],
        readonly=True,
        copy=False,
        index="btree_not_null",
    )
    match_explanation = fields.Char(readonly=True, copy=False)
    match_evidence = fields.Json(readonly=True, copy=False)
    match_before = fields.Json(
        readonly=True,
        copy=False,
        help="What posting a match changed on the line beside its items, for undoing it.",
    )
    match_reference_text = fields.Char(
        string="References in the Text",
        compute="_compute_match_evidence_shown",
        help="That we issued.",
    )
    match_item_ids = fields.Many2many(
        "account.move.line",
        string="Open Items Found",
        compute="_compute_match_evidence_shown",
        help="What the references were issued with.",
    )

    # The last lock against a double booking, whatever the code above it does. See tools/identity.py.
    _provider_uid_uniq = models.UniqueIndex(
        "(journal_id, uid_strategy, provider_uid, batch_part) WHERE provider_uid IS NOT NULL",
        "The bank's transaction is booked already.",
    )
    _fingerprint_uniq = models.UniqueIndex(
        "(journal_id, fingerprint_version, fingerprint, fingerprint_occurrence, batch_part)"
        " WHERE fingerprint IS NOT NULL",
        "A transaction with the same content is booked already.",
    )
    # By the id alone, for interfaces that say what became of it. See bank_statement_importer_changes.py.
    _provider_id_idx = models.Index(
        "(journal_id, split_part(provider_uid, '|', 1)) WHERE bank_channel IN ('plaid', 'ponto')"
    )
    _interface_uid_idx = models.Index("(journal_id, interface_uid) WHERE interface_uid IS NOT NULL")
    _bank_date_idx = models.Index(
        "(journal_id, bank_booking_date, exchange_id) WHERE bank_booking_date IS NOT NULL"
    )

    # === COMPUTE METHODS === #

    @api.depends("match_evidence")
    def _compute_match_evidence_shown(self):
        for line in self:
            evidence = line.match_evidence or {}
            line.match_reference_text = ", ".join(evidence.get("references", []))
            line.match_item_ids = (
                self.env["account.move.line"].browse(evidence.get("items", [])).exists()
            )

    @api.depends("transaction_details")
    def _compute_bank_facts(self):
        for line in self:
            details = line.transaction_details
            if not isinstance(details, dict) or "position" not in details:
                line.bank_facts = False
                continue
            transaction = documents.transaction_from_dict(details)
            rows = Markup("").join(
                Markup(
                    "<tr><th class='text-nowrap pe-3'>%s</th><td class='text-break'>%s</td></tr>"
                )
                % (label, text)
                for label, text in line._bank_facts_of(transaction)
            )
            line.bank_facts = (
                rows
                and Markup(
                    "<table class='table table-sm table-borderless mb-0'><tbody>%s</tbody></table>"
                )
                % rows
            )

    # === CRUD METHODS === #

    @api.model
    def _provenance_fields(self):
        return super()._provenance_fields() | PROVENANCE

    def write(self, vals):
        if not self.env.su and self.exchange_id:
            # Odoo's own field; where it came from the bank, matching reads the references from it.
            self._check_provenance(vals.keys(), {"transaction_details"})
        changed = [name for name in FIGURES if name in vals] if not self.env.su else []
        before = {line: line._figures(changed) for line in self if changed and line.exchange_id}
        result = super().write(vals)
        for line, figures in before.items():
            if figures != line._figures(changed):
                line._log_by_hand(
                    "statement_line.changed", {"before": figures, "after": line._figures(changed)}
                )
        return result

    def unlink(self):
        self._log_deleted()
        return super().unlink()

    def _log_deleted(self):
        for line in self.filtered("exchange_id"):
            line._log_by_hand("statement_line.deleted", line._figures(FIGURES))

    def _figures(self, names):
        """:return: the named figures as plain values, for the audit"""
        self.ensure_one()
        values = self.read(names, load=None)[0]
        return {name: str(values[name]) for name in names}

    def _log_by_hand(self, action, details):
        self.env["finance.audit.event"]._log(
            action, self, exchange=self.exchange_id, summary=self.bank_position, details=details
        )

    # === BUSINESS METHODS === #

    @api.model
    def _prepare_bank_vals(self, transaction):
        """What a canonical transaction says beside its figures, as people search for it.

        :param Transaction transaction: a booking, or a line of one
        :return: values of fields that may be filled later, from a notification
        :rtype: dict
        """
        party, code = transaction.counterparty, transaction.bank_code
        return {
            "transaction_details": documents.transaction_details(transaction),
            "partner_name": party.name or False,
            "account_number": party.iban or party.other_id or False,
            "counterparty_bic": party.bic or False,
            "bank_transaction_code": code.text if code else False,
            "bank_kind": transaction.kind
            or transaction_kinds.kind_of(code, reversal=transaction.reversal),
            "end_to_end_id": transaction.end_to_end_id or False,
            "account_servicer_ref": transaction.account_servicer_ref or False,
            "creditor_reference": " ".join(item.value for item in transaction.structured) or False,
            "mandate_id": transaction.mandate_id or False,
            "creditor_scheme_id": transaction.creditor_id or False,
        }

    def _enrich(self, transaction):
        """Keep what another document says of the booking; what was there stays, and so do its figures.

        :param Transaction transaction: the line's own, with what was added
        """
        self.ensure_one()
        vals = self._prepare_bank_vals(transaction)
        if not self.is_reconciled:
            # What it knows now may be what makes a match certain.
            self.sudo().match_state = "pending"
        self.sudo().write(
            {
                name: value
                for name, value in vals.items()
                if name == "transaction_details"
                or (value and (not self[name] or self[name] == "other"))
            }
        )

    @api.model
    def _bank_facts_of(self, transaction):
        """:return: (label, text) of what has no field of its own, in the order people ask for it
        :rtype: list[tuple]
        """
        facts = [
            (self.env._("Instruction"), transaction.instruction_id),
            (self.env._("Transaction Id"), transaction.transaction_id),
            (self.env._("UETR"), transaction.uetr),
            (self.env._("Entry Reference"), transaction.entry_ref),
            (self.env._("Provider's Id"), transaction.provider_uid),
            (self.env._("Ultimate Party"), transaction.ultimate_party),
            (self.env._("Purpose"), transaction.purpose),
            (self.env._("The Bank's Text"), transaction.additional_info),
        ]
        if transaction.batch:
            facts += [
                (self.env._("Batch"), transaction.batch.payment_information_id),
                (self.env._("Message"), transaction.batch.message_id),
            ]
        facts += [(self.env._("Charge"), self._charge_text(item)) for item in transaction.charges]
        facts += [(self.env._("Foreign"), self._foreign_text(item)) for item in transaction.foreign]
        facts += [(self.env._("Payment"), self._detail_text(item)) for item in transaction.details]
        facts += list(transaction.extras.items())
        return [(label, text) for label, text in facts if text]

    @api.model
    def _charge_text(self, charge):
        included = {
            True: self.env._("inside the booked amount"),
            False: self.env._("beside the booked amount"),
            None: "",
        }[charge.included]
        parts = (f"{charge.amount} {charge.currency}", charge.type, charge.bearer, included)
        return ", ".join(part for part in parts if part)

    @api.model
    def _foreign_text(self, foreign):
        amount = f"{foreign.amount} {foreign.currency}" if foreign.amount is not None else ""
        rate = (
            self.env._(
                "rate %(rate)s %(given)s/%(taken)s",
                rate=foreign.rate,
                given=foreign.source_currency or "",
                taken=foreign.target_currency or "",
            )
            if foreign.rate is not None
            else ""
        )
        kind = foreign.kind.replace("_", " ")
        return ", ".join(part for part in (amount, rate, kind) if part)

    @api.model
    def _detail_text(self, detail):
        amount = f"{detail.amount} {detail.currency}" if detail.amount is not None else ""
        party = detail.counterparty
        parts = (amount, party.name, party.iban or party.other_id, detail.remittance_text)
        end_to_end = detail.end_to_end_id
        return ", ".join(part for part in (*parts, end_to_end) if part)

    # === ACTION METHODS === #

    def action_match(self):
        """Look again for a certain match; nothing uncertain is booked."""
        self.check_access("write")
        return self.env["bank.statement.matcher"]._match(
            self.filtered(lambda line: not line.is_reconciled)
        )

    def action_undo_reconciliation(self):
        """Odoo's undoing, which forgets that the line had another partner and an entry nobody had changed."""
        matched = self.filtered("match_before")
        before = {line: line.match_before for line in matched}
        for partner_id, lines in matched.grouped(lambda line: before[line]["partner_id"]).items():
            as_posted = lines.filtered(
                lambda line: line.partner_id.id == before[line]["posted_partner_id"]
            )
            as_posted._write_partner(self.env["res.partner"].browse(partner_id).exists())
        result = super().action_undo_reconciliation()
        names = ("checked", "is_manually_modified")
        for values, lines in matched.grouped(
            lambda line: tuple(before[line][name] for name in names)
        ).items():
            lines.move_id.with_context(skip_readonly_check=True).write(
                dict(zip(names, values, strict=True))
            )
        matched.sudo().match_before = False
        return result

    # === POSTING === #

    def _remember_unmatched(self, partners):
        """Keep what a match will change beside the items; what an earlier part of it changed is kept already.

        :param dict partners: the partner each of the lines is about to get
        """
        alike = {}
        for line in self:
            _liquidity, suspense, other = line._seek_for_lines()
            before = (line.partner_id.id, line.checked, line.move_id.is_manually_modified)
            if (other or not suspense) and line.match_before:
                kept = line.match_before
                before = (kept["partner_id"], kept["checked"], kept["is_manually_modified"])
            key = (*before, partners[line].id)
            alike.setdefault(key, self.browse())
            alike[key] |= line
        for (partner_id, checked, is_manually_modified, posted_partner_id), lines in alike.items():
            lines.sudo().match_before = {
                "partner_id": partner_id,
                "posted_partner_id": posted_partner_id,
                "checked": checked,
                "is_manually_modified": is_manually_modified,
            }

    def _write_partner(self, partner):
        """Set the partner on line, entry and bank item; through ``write`` Odoo would make all items anew."""
        quiet = {"skip_account_move_synchronization": True, "skip_readonly_check": True}
        lines = self.with_context(**quiet)
        lines.partner_id = partner
        lines.move_id.partner_id = partner
        bank_items = lines.browse().line_ids.union(*(line._seek_for_lines()[0] for line in lines))
        bank_items.partner_id = partner
