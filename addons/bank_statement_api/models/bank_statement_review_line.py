from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.bank_statement_api.tools import documents, posting


class BankStatementReview(models.AbstractModel):
    """One line on the review board: the bank's words, the candidates, and the entry of each of them."""

    _inherit = "bank.statement.review"

    # === PUBLIC METHODS === #

    @api.model
    @api.readonly
    def get_line(self, line_id: int | None = None) -> dict:
        """All that a person needs to decide on a line.

        :param int | None line_id: of ``account.bank.statement.line``
        :return: its row and ``texts``, ``facts``, ``explanation``, ``candidates`` by rank, the ``entry`` as it is
            posted now, and the defaults of a ``bill`` for what is left; empty when the line is gone
        :rtype: dict
        :raise AccessError: the caller may not write statement lines, or not this one
        """
        self._check_reviewer()
        line = self._lines().browse(line_id or []).exists()
        if not line:
            return {}
        line.check_access("write")
        match = line.match_id
        return {
            **self._row(line),
            "name": line.move_id.display_name,
            "move_id": line.move_id.id,
            "company": line.company_id.display_name,
            "company_id": line.company_id.id,
            "company_currency_id": line.company_id.currency_id.id,
            "partner_id": line.partner_id.id,
            "partner": line.partner_id.display_name or "",
            "account_number": line.account_number or "",
            "rest": self._rest(line),
            "matched": self._is_matched(line),
            "texts": self._texts(line),
            "facts": self._facts(line),
            "explanation": match.explanation if line.is_reconciled else self._reason(match),
            "candidates": []
            if line.is_reconciled
            else [self._candidate(one) for one in match.proposal_ids.sorted("rank")],
            "entry": [self._posted_row(item) for item in line.move_id.line_ids],
            "decided": self._decided(match) if line.is_reconciled else "",
            "bill": {} if line.is_reconciled else self._bill_defaults(line),
        }

    @api.model
    def _bill_defaults(self, line):
        """:return: context of the form of a new bill or invoice for what is left of a line"""
        is_in = line.amount > 0
        journal = self.env["account.journal"].search(
            [
                ("type", "=", "sale" if is_in else "purchase"),
                ("company_id", "=", line.company_id.id),
            ],
            limit=1,
        )
        text = line.payment_ref or ""
        return {
            "default_move_type": "out_invoice" if is_in else "in_invoice",
            "default_journal_id": journal.id,
            # Without it, Odoo's form has no currency to round its first row with.
            "default_currency_id": line.currency_id.id,
            "default_partner_id": line.partner_id.id,
            "default_invoice_date": fields.Date.to_string(line.date),
            "default_payment_reference" if is_in else "default_ref": text,
            "default_invoice_line_ids": [
                Command.create(
                    {
                        "name": text,
                        "quantity": 1,
                        "price_unit": abs(float(self._rest(line) or 0)),
                        "account_id": journal.default_account_id.id,
                        "tax_ids": [Command.clear()],
                    }
                )
            ],
        }

    @api.model
    @api.readonly
    def get_choices(self, line_id: int | None = None) -> dict:
        """What a person can choose for a line: write-off models, own accounts, and colleagues.

        :param int | None line_id: of ``account.bank.statement.line``
        :return: ``models``, ``journals`` and ``users``, each ``[{"id", "name", "note"}]``
        :rtype: dict
        :raise AccessError: the caller may not write statement lines, or not this one
        """
        self._check_reviewer()
        line = self._lines().browse(line_id or []).exists()
        line.check_access("write")
        company = line.company_id
        models_ = self.env["account.reconcile.model"].search(
            [("company_id", "parent_of", company.ids), ("line_ids.account_id", "!=", False)]
        )
        journals = self.env["account.journal"].search(
            [
                ("type", "in", ("bank", "cash", "credit")),
                ("company_id", "=", company.id),
                ("id", "!=", line.journal_id.id),
            ]
        )
        viewers = self.env.ref("finance_connector_base.group_finance_viewer")
        users = self.env["res.users"].search(
            [
                ("all_group_ids", "in", viewers.ids),
                ("company_ids", "in", company.ids),
                ("share", "=", False),
                ("id", "!=", self.env.uid),
            ]
        )
        return {
            "models": [
                {
                    "id": model.id,
                    "name": model.display_name,
                    "note": ", ".join(model.line_ids.account_id.mapped("display_name")),
                }
                for model in models_
            ],
            "journals": [
                {
                    "id": journal.id,
                    "name": journal.display_name,
                    "note": journal.bank_account_id.acc_number or "",
                }
                for journal in journals
            ],
            "users": [
                {"id": user.id, "name": user.display_name, "note": user.email or ""}
                for user in users
            ],
        }

    # === THE LINE === #

    @api.model
    def _is_matched(self, line):
        """Whether something of the line is settled that can be taken back, also where the rest of it waits."""
        _liquidity, _suspense, settled = line._seek_for_lines()
        return bool(settled) and line.match_reversal_id.state != "posted"

    @api.model
    def _rest(self, line):
        """What of the line is open: all of it, unless a part was settled."""
        if line.is_reconciled:
            return ""
        try:
            return str(line._open_amount())
        except UserError:
            return ""

    @api.model
    def _texts(self, line):
        """The bank's words by field, as the engine read them: the spans of the proposals count in these."""
        labels = {
            "payment_ref": self.env._("Text"),
            "remittance": self.env._("Remittance"),
            "structured": self.env._("Reference"),
            "end_to_end_id": self.env._("End-to-End Reference"),
            "additional_info": self.env._("The Bank's Text"),
        }
        texts = self.env["bank.statement.matcher"]._texts_of(
            line.payment_ref or "", line.transaction_details or {}
        )
        return [
            {"field": text.field, "label": labels.get(text.field, text.field), "text": text.value}
            for text in texts
            if text.value
        ]

    @api.model
    def _facts(self, line):
        kinds = dict(line._fields["bank_kind"]._description_selection(self.env))
        facts = [
            (self.env._("Other Party"), line.partner_name),
            (self.env._("Account"), line.account_number),
            (self.env._("Contact in Odoo"), line.partner_id.display_name),
            (self.env._("Kind"), kinds.get(line.bank_kind)),
            (self.env._("Mandate"), line.mandate_id),
            (self.env._("Bank's Reference"), line.account_servicer_ref),
        ]
        details = line.transaction_details
        if isinstance(details, dict) and "position" in details:
            facts += line._bank_facts_of(documents.transaction_from_dict(details))
        return [{"label": label, "text": text} for label, text in facts if text]

    @api.model
    def _reason(self, match):
        if not match.reason:
            return ""
        return self.env["bank.statement.match.words"]._sentence(match.reason)

    @api.model
    def _decided(self, match):
        if not match.decided_at:
            return ""
        who = match.decided_by_id.name or self.env._("The matching engine")
        return self.env._(
            "%(who)s on %(when)s",
            who=who,
            when=fields.Datetime.context_timestamp(self, match.decided_at).strftime(
                "%Y-%m-%d %H:%M"
            ),
        )

    @api.model
    def _posted_row(self, item):
        company_currency = item.company_id.currency_id
        return {
            "account": item.account_id.display_name,
            "partner": item.partner_id.display_name or "",
            "label": item.name or "",
            "debit": self._amount(item.debit, company_currency) if item.debit else "",
            "credit": self._amount(item.credit, company_currency) if item.credit else "",
            "amount_currency": self._amount(item.amount_currency, item.currency_id),
            "currency_id": item.currency_id.id,
            "item": item.id,
        }

    # === CANDIDATES === #

    @api.model
    def _candidate(self, proposal):
        preview, blocked = [], ""
        try:
            preview = self.env["bank.statement.match.preview"]._rows(
                proposal.line_id, proposal._to_post()
            )
        except (UserError, posting.ProposalError) as error:
            blocked = str(error)
        found_by = dict(proposal._fields["found_by"]._description_selection(self.env))
        return {
            "id": proposal.id,
            "rank": proposal.rank,
            "score": proposal.score,
            "summary": proposal.summary,
            "found_by": found_by[proposal.found_by],
            "partner": proposal.partner_id.display_name or "",
            "reasons": proposal.score_words,
            "spans": proposal.spans or [],
            "items": [self._item(item) for item in proposal.item_ids],
            "allocations": proposal.allocations or [],
            "rest": self._rest_words(proposal),
            "preview": preview,
            "blocked": blocked,
        }

    @api.model
    def _item(self, item):
        return {
            "id": item.id,
            "move_id": item.move_id.id,
            "document": item.move_id.display_name,
            "partner": item.partner_id.display_name or "",
            "due": fields.Date.to_string(item.date_maturity or item.date),
            "open": self._amount(item.amount_residual_currency, item.currency_id),
            "currency_id": item.currency_id.id,
        }

    @api.model
    def _rest_words(self, proposal):
        """:return: what becomes of the amount that no item explains"""
        currency = proposal.currency_id
        if proposal.difference_kind == "short":
            due = sum(proposal.item_ids.mapped("amount_residual_currency"))
            paid = sum(float(part["amount"]) for part in proposal.allocations or [])
            return self.env._("%s stay open on the document.", currency.format(abs(due - paid)))
        if not proposal.difference:
            return ""
        amount = currency.format(abs(proposal.difference))
        if proposal.difference_kind == "over":
            return self.env._("%s stay open on this line.", amount)
        if proposal.difference_kind in ("discount", "sum_discount"):
            return self.env._("%s are booked as early-payment discount.", amount)
        return self.env._(
            "%(amount)s are booked by the rule “%(rule)s”.",
            amount=amount,
            rule=proposal.rule_id.name or proposal.difference_kind,
        )
