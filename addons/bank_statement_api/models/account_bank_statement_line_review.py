from dataclasses import replace
from decimal import Decimal, InvalidOperation

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.bank_statement_api.tools import posting
from odoo.addons.finance_connector_base.tools.masking import mask_text

from .bank_statement_match import PASSES

_CODES = ("match_ambiguous", "match_amount_differs", "match_currency_differs")


class AccountBankStatementLine(models.Model):
    """What a person does with a line that waits: the actions of the review board.

    Each of them asks for the right to write statement lines, works on the caller's companies only, archives the
    decision before it and leaves an audit event. Amounts come and go as decimal text, so that no figure passes through
    a float. The proposals are described in ``bank_statement_match_proposal.py``.
    """

    _inherit = "account.bank.statement.line"

    match_id = fields.Many2one(
        "bank.statement.match",
        string="Decision",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )
    match_found_by = fields.Selection(PASSES, string="Matched By", readonly=True, copy=False)
    match_reason_code = fields.Char(
        readonly=True, copy=False, help="Why the line waits: the code of the engine's reason."
    )
    match_score = fields.Integer(
        readonly=True, copy=False, help="Of the best proposal of a line that waits."
    )
    match_postponed_until = fields.Date(readonly=True, copy=False, index="btree_not_null")
    match_ignored_reason = fields.Char(readonly=True, copy=False)
    match_asked_id = fields.Many2one(
        "res.users", string="Asked", readonly=True, copy=False, index="btree_not_null"
    )
    match_reversal_id = fields.Many2one(
        "account.move",
        string="Taken Back By",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="The entry that took the match back, as the line's own may not be touched any more.",
    )

    # What the review board asks first: the oldest waiting lines of an account.
    _review_idx = models.Index("(journal_id, internal_index) WHERE is_reconciled IS NOT TRUE")

    @api.model
    def _provenance_fields(self):
        return super()._provenance_fields() | {
            "match_id",
            "match_found_by",
            "match_reason_code",
            "match_score",
            "match_postponed_until",
            "match_ignored_reason",
            "match_asked_id",
            "match_reversal_id",
        }

    # === ACTION METHODS === #

    def action_match_try(self):
        """Let the engine decide on lines without touching them.

        :return: action that opens the dry run, a ``bank.statement.match.run``, which can be committed
        :rtype: dict
        :raise UserError: the lines are of several companies, or none of them waits
        """
        self.check_access("write")
        matcher = self.env["bank.statement.matcher"]
        waiting = matcher._waiting(self)
        if len(waiting.company_id) != 1:
            raise UserError(self.env._("Choose waiting lines of one company."))
        run = (
            self.env["bank.statement.match.run"]
            .sudo()
            .create({"company_id": waiting.company_id.id})
        )
        matcher._store(matcher._decide(waiting.company_id, waiting), run)
        return {
            "type": "ir.actions.act_window",
            "res_model": run._name,
            "res_id": run.id,
            "view_mode": "form",
        }

    def action_match_undo(self):
        """Take posted matches back: the items are open again, the line waits, the decision is kept as undone.

        What is posted in a locked period or hashed is corrected by a reversal in an open one.

        :return: ``{"undone": [line ids], "reversed": [line ids], "refused": [{"line": id, "reason": sentence}]}``
        :rtype: dict
        """
        self.check_access("write")
        result = self.env["bank.statement.match.undo"]._undo(self)
        self.env["bank.statement.matcher"]._look_again(self.browse(result["undone"]))
        return result

    def action_match_allocate(self, allocations=None, write_off=None):
        """Settle open items chosen by hand: one or many, wholly or in part; what is left of the line stays open.

        :param list allocations: ``[{"item": id, "amount": text}]``; the amount is signed like the open one and of
            the item's
            currency, and everything open without it. An item of another currency takes ``"paid"`` as well, in the
            line's
        :param dict write_off: what the rest goes to: ``{"model": id}``, or ``{"account": id, "label": text}``
        :return: ``{"accepted": [line ids], "refused": [...]}`` as by accepting a proposal
        :rtype: dict
        :raise UserError: an amount is none, or more than is open
        """
        self.check_access("write")
        self.ensure_one()
        return self._post_by_hand(self._allocation_to_post(allocations or [], write_off))

    def action_match_preview(self, allocations=None, write_off=None):
        """The entry that :meth:`action_match_allocate` with the same arguments would post.

        :return: rows as in ``preview`` of a proposal
        :rtype: list[dict]
        """
        self.check_access("read")
        self.ensure_one()
        try:
            return self.env["bank.statement.match.preview"]._rows(
                self, self._allocation_to_post(allocations or [], write_off)
            )
        except posting.ProposalError as error:
            raise UserError(str(error)) from error

    def action_match_write_off(self, model_id=None):
        """Book lines by one of Odoo's write-off models.

        :param int model_id: ``account.reconcile.model`` of the lines' company
        :return: as by accepting a proposal
        :rtype: dict
        """
        self.check_access("write")
        model = self._write_off_model(model_id)
        writer = self.env["bank.statement.match.write.off"]
        plans = [writer._to_post(line, model) for line in self]
        return self._post_by_hand(*plans, found_by="write_off", model=model)

    def action_match_transfer(self, journal_id=None):
        """Book lines as transfers from or to another bank account of the company.

        :param int journal_id: the other ``account.journal``
        :return: as by accepting a proposal
        :rtype: dict
        """
        self.check_access("write")
        journal = self.env["account.journal"].browse(journal_id or []).exists()
        if not journal or journal.type not in ("bank", "cash", "credit"):
            raise UserError(self.env._("Choose the other bank account."))
        journal.check_access("read")
        plans = [line._transfer_to_post(journal) for line in self]
        return self._post_by_hand(*plans, found_by="transfer")

    def action_match_postpone(self, until=None):
        """Put lines aside until a day; they come back by themselves, or at once with an empty day.

        :param str until: date, after today
        :return: True
        """
        self.check_access("write")
        day = fields.Date.to_date(until or None)
        if until != "" and (not day or day <= fields.Date.context_today(self)):
            raise UserError(self.env._("Choose a day after today."))
        self.sudo().write({"match_postponed_until": day})
        self._log_decision("statement_line.postponed", {"until": str(day or "")})
        return True

    def action_match_ignore(self, reason=None):
        """Take lines off the review board without booking them; an empty reason brings them back.

        :param str reason: why nobody has to decide on them
        :return: True
        """
        self.check_access("write")
        reason = (reason or "").strip()
        if any(line.is_reconciled for line in self):
            raise UserError(self.env._("A reconciled line does not wait any more."))
        for line in self.sudo():
            line.match_ignored_reason = reason or False
            if line.match_id.state in ("waiting", "ignored"):
                line.match_id.state = "ignored" if reason else "waiting"
            line._close_match_exceptions()
        self._log_decision("statement_line.ignored", {"reason": mask_text(reason)})
        return True

    def action_match_ask(self, user_id=None, question=None):
        """Ask a colleague: an activity on the entry of each line.

        :param int user_id: who is asked; has to be able to read the entry
        :param str question: what is asked
        :return: True
        """
        self.check_access("write")
        user = self.env["res.users"].browse(user_id or []).exists()
        if not user or not (question or "").strip():
            raise UserError(self.env._("Choose a colleague and write a question."))
        for line in self:
            if not line.move_id.with_user(user).has_access("read"):
                raise UserError(
                    self.env._("%s cannot see this line: ask somebody else.", user.display_name)
                )
            line.move_id.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("Which open item does this payment settle?"),
                note=question,
                user_id=user.id,
            )
        self.sudo().write({"match_asked_id": user.id})
        self._log_decision("statement_line.asked", {"user": user.login})
        return True

    def action_match_partner(self, partner_id=None):
        """Say who paid or was paid, and look for matches again.

        :param int partner_id: of ``res.partner``; of the line's company, or of all
        :return: True
        """
        self.check_access("write")
        partner = self.env["res.partner"].browse(partner_id or []).exists()
        if not partner:
            raise UserError(self.env._("Choose a partner."))
        partner.check_access("read")
        if any(line.is_reconciled for line in self):
            raise UserError(self.env._("A reconciled line does not wait any more."))
        if any(
            partner.company_id not in (one.company_id.browse(), *one.company_id.parent_ids)
            for one in self
        ):
            raise UserError(self.env._("%s belongs to another company.", partner.display_name))
        # Of a line whose rest waits, ``write`` would take apart what is settled: Odoo makes all items anew.
        undo = self.env["bank.statement.match.undo"]
        settled = self.filtered(undo._counterparts)
        settled._write_partner(partner)
        (self - settled).write({"partner_id": partner.id})
        self._log_decision("statement_line.partner_set", {"partner": partner.id})
        self.env["bank.statement.matcher"]._match(self)
        return True

    def action_undo_reconciliation(self):
        """Odoo's undoing; the decision is kept as undone, and counts as a wrong one.

        :raise UserError: the match was taken back by an entry of its own, which stands
        """
        self._check_not_reversed()
        result = super().action_undo_reconciliation()
        for line in self:
            match = line.sudo().match_id
            if match.state == "posted":
                match._set_undone()
                line.sudo().write(
                    {
                        "match_state": "uncertain" if match.proposal_ids else "no_evidence",
                        "match_found_by": False,
                    }
                )
        self.env["bank.statement.review"]._tell_changed(self)
        return result

    def _check_not_reversed(self):
        """:raise UserError: a match was taken back already: once more, and its money would be open twice"""
        for line in self:
            if line.match_reversal_id.state == "posted":
                raise UserError(
                    self.env._(
                        "The match of %(line)s was taken back already, by %(entry)s: it is changed by setting that"
                        " entry to draft.",
                        line=line.display_name,
                        entry=line.match_reversal_id.display_name,
                    )
                )

    # === PLANS === #

    def _to_post(self, allocations, write_offs=(), keep_rest=False):
        """:param allocations: of item id and signed amount in the items' currency
        :param write_offs: in that currency as well, which is the line's own or its foreign one
        :rtype: posting.Proposal
        """
        self.ensure_one()
        items = (
            self.env["account.move.line"].browse([item for item, _amount in allocations]).exists()
        )
        if len(items) < len(allocations):
            raise UserError(self.env._("An open item does not exist any more."))
        paid = [None] * len(allocations)
        currency = self._open_currency()
        if any(item.currency_id != currency for item in items):
            exact = self.env["bank.statement.poster"]._exact
            amounts = [amount for _item, amount in allocations]
            amounts += [part.amount for part in write_offs]
            # The line is open in the currency that was ordered; at its own rate, not at that of a day.
            paid = posting.share(
                amounts,
                exact(self.currency_id, self.amount),
                exact(currency, self.amount_currency),
                currency.decimal_places,
            )
            write_offs = [
                replace(part, amount=amount)
                for part, amount in zip(write_offs, paid[len(allocations) :], strict=True)
            ]
        partner = items.partner_id.commercial_partner_id
        return posting.Proposal(
            self.id,
            tuple(
                posting.Allocation(item, amount, spent)
                for (item, amount), spent in zip(allocations, paid, strict=False)
            ),
            tuple(write_offs),
            partner_id=(items.partner_id if len(items.partner_id) == 1 else partner).id
            if len(partner) == 1
            else None,
            keep_rest=keep_rest,
        )

    def _allocation_to_post(self, allocations, write_off):
        parts = []
        spent = Decimal()
        for row in allocations:
            item = self.env["account.move.line"].browse(int(row["item"])).exists()
            item.check_access("read")
            decimals = item.currency_id.decimal_places
            amount = self._read_decimal(
                row.get("amount", f"{item.amount_residual_currency:.{decimals}f}")
            )
            paid = self._read_decimal(row["paid"]) if row.get("paid") else None
            spent += amount if paid is None else paid
            parts.append(posting.Allocation(item.id, amount, paid))
        rest = self._open_amount() - spent
        write_offs = self._write_offs_by_hand(write_off, rest) if write_off and rest else ()
        return posting.Proposal(self.id, tuple(parts), write_offs, keep_rest=True)

    def _write_offs_by_hand(self, write_off, rest):
        if write_off.get("model"):
            model = self._write_off_model(int(write_off["model"]))
            plan = self.env["bank.statement.match.write.off"]._to_post(self, model, rest)
            return plan.write_offs
        account = self.env["account.account"].browse(int(write_off.get("account") or 0)).exists()
        account.check_access("read")
        if not account or self.company_id.root_id not in account.company_ids.root_id:
            raise UserError(self.env._("Choose an account of this company for the rest."))
        return (
            posting.WriteOff(account.id, rest, write_off.get("label") or self.payment_ref or "/"),
        )

    def _write_off_model(self, model_id):
        """:return: the ``account.reconcile.model`` that the caller chose
        :raise UserError: there is none, or it is another company's than a line
        """
        model = self.env["account.reconcile.model"].browse(model_id or []).exists()
        if not model:
            raise UserError(self.env._("Choose a write-off model."))
        model.check_access("read")
        if any(model.company_id not in line.company_id.parent_ids for line in self):
            raise UserError(self.env._("%s belongs to another company.", model.display_name))
        return model

    def _read_decimal(self, text):
        try:
            amount = Decimal(str(text))
        except InvalidOperation:
            amount = Decimal("NaN")
        if not amount.is_finite():
            raise UserError(self.env._("“%s” is not an amount such as 1234.56.", text))
        return amount

    def _transfer_to_post(self, journal):
        """:rtype: posting.Proposal
        :raise UserError: it is the line's own account or another company's, or there is no transfer account
        """
        self.ensure_one()
        if journal == self.journal_id or journal.company_id != self.company_id:
            raise UserError(
                self.env._("A transfer goes to another bank account of the same company.")
            )
        account = self.company_id.transfer_account_id
        if not account:
            raise UserError(
                self.env._("%s has no account for internal transfers.", self.company_id.name)
            )
        label = self.env._("Transfer: %s", journal.display_name)
        return posting.Proposal(
            self.id, write_offs=(posting.WriteOff(account.id, self._open_amount(), label),)
        )

    # === AFTER A DECISION === #

    def _post_by_hand(self, *plans, found_by="manual", model=None):
        refused, accepted = [], []
        for outcome in self.env["bank.statement.poster"]._reconcile(plans):
            line = self.browse(outcome.line_id)
            if not outcome.done:
                refused.append({"line": line.id, "reason": outcome.error})
                continue
            accepted.append(line.id)
            line._decided_by_hand(next(one for one in plans if one.line_id == line.id), found_by)
            if model:
                self.env["bank.statement.match.lesson"]._learn_model(line, model)
        return {"accepted": accepted, "refused": refused}

    def _decided_by_hand(self, plan, found_by):
        """Keep what a person decided; a first proposal of the engine that was passed over was wrong."""
        self.ensure_one()
        earlier = self.sudo().match_id
        first = earlier.proposal_ids.filtered(lambda one: one.rank == 1)
        items = {part.item_id for part in plan.allocations}
        if first and earlier.state == "waiting":
            earlier.verdict = "right" if items == set(first.item_ids.ids) else "wrong"
        match = self.env["bank.statement.match"]._replace(
            [
                {
                    "line_id": self.id,
                    "company_id": self.company_id.id,
                    "journal_id": self.journal_id.id,
                    "outcome": "manual",
                    "state": "posted",
                    "found_by": found_by,
                    "reason": {"code": "by_hand", "points": 0, "params": {}},
                    "decided_by_id": self.env.uid,
                    "decided_at": fields.Datetime.now(),
                }
            ]
        )
        self._after_decision(match)

    def _after_decision(self, match):
        """Say on the line what was decided, close what asked for it, and leave an audit event."""
        for line in self:
            match_sudo = match.sudo()
            state = "matched" if line.is_reconciled else "uncertain"
            line.sudo().write(
                {
                    "match_id": match.id,
                    "match_state": state,
                    "match_found_by": match_sudo.found_by,
                    "match_explanation": match_sudo.explanation,
                    "match_reason_code": False,
                    "match_postponed_until": False,
                    "match_ignored_reason": False,
                    "match_asked_id": False,
                }
            )
            if line.is_reconciled:
                line._close_match_exceptions()
            self.env["finance.audit.event"]._log(
                "statement_line.matched",
                line,
                exchange=line.exchange_id,
                summary=match_sudo.explanation,
                details={"match": match.id, "pass": match_sudo.found_by},
            )
        self.env["bank.statement.review"]._tell_changed(self)

    def _close_match_exceptions(self):
        """What asked for a decision on these lines has one."""
        for line in self:
            self.env["finance.exception"]._resolve_by_system(
                line, codes=_CODES, reason=self.env._("Somebody decided on the line.")
            )

    def _log_decision(self, action, details):
        for line in self:
            self.env["finance.audit.event"]._log(
                action, line, exchange=line.exchange_id, summary=line.bank_position, details=details
            )
        self.env["bank.statement.review"]._tell_changed(self)
