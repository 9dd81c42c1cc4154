from odoo import api, models
from odoo.fields import Command

from odoo.addons.bank_statement_api.tools.matching import engine, facts
from odoo.addons.bank_statement_api.tools.matching.words import normalise
from odoo.addons.finance_connector_base.tools.masking import mask_text

_CODES = {
    "gate_currency": "match_currency_differs",
    "amount_short": "match_amount_differs",
    "amount_over": "match_amount_differs",
    "names_others": "match_ambiguous",
    "contested": "match_ambiguous",
    "claimed": "match_ambiguous",
    "runner_up": "match_ambiguous",
}
"""Reasons that open an exception, when the line names an item of ours."""


class BankStatementMatcher(models.AbstractModel):
    """What was decided becomes rows: the decision, its ranked proposals, and what the line shows."""

    _inherit = "bank.statement.matcher"

    @api.model
    def _store(self, decided, run=None):
        """Keep decisions as the current ones of their lines, certain ones ready to be posted.

        :param list decided: of (line, ``facts.Decision``)
        :param run: ``bank.statement.match.run``; its decisions are kept beside the current ones, no line is
            touched
        :return: ``bank.statement.match``
        """
        lines = self.env["account.bank.statement.line"].union(*(line for line, _one in decided))
        others = self._other_proposals(lines)
        items = self._items_of(decided)
        vals_list = [
            self._match_vals(line, decision, others.get(line, []), items)
            for line, decision in decided
        ]
        if not vals_list:
            return self.env["bank.statement.match"]
        if run:
            vals_list = [{**vals, "run_id": run.id, "is_current": False} for vals in vals_list]
            matches = self.env["bank.statement.match"].sudo().create(vals_list)
        else:
            matches = self.env["bank.statement.match"]._replace(vals_list)
        for match in matches.filtered(lambda one: one.outcome == facts.AUTO):
            match.chosen_id = match.proposal_ids.sorted("rank")[:1]
        if not run:
            for match in matches:
                self._show(match)
        return matches

    @api.model
    def _items_of(self, decided):
        """:return: the journal items of all proposals by id, with one prefetch"""
        ids = {
            item
            for _line, decision in decided
            for proposal in decision.proposals
            for item in proposal.items
            if item > 0
        }
        items = self.env["account.move.line"].browse(sorted(ids))
        return {item.id: item for item in items}

    @api.model
    def _match_vals(self, line, decision, others, items):
        proposals = [self._proposal_vals(line, proposal, items) for proposal in decision.proposals]
        outcome, reason = decision.outcome, decision.reason
        proposals = sorted([*proposals, *others], key=lambda vals: -vals["score"])
        best = proposals[0] if proposals else {}
        if others and best is others[0]:
            # A model that a person set to act by itself, where nothing else is to be found.
            certain = best["is_certain"] and len(others) == 1 and not decision.proposals
            outcome = facts.AUTO if certain else facts.PROPOSE
            reason = facts.Part("certain" if certain else "suggestion", 0)
        for rank, vals in enumerate(proposals, start=1):
            vals["rank"] = rank
        return {
            "line_id": line.id,
            "company_id": line.company_id.id,
            "journal_id": line.journal_id.id,
            "outcome": outcome,
            "found_by": best.get("found_by"),
            "pattern": best.get("pattern"),
            "rule_id": best.get("rule_id"),
            "rule_version": self.env["bank.statement.match.rule"]
            .browse(best.get("rule_id") or [])
            .number,
            "engine_version": engine.VERSION,
            "score": best.get("score", 0),
            "reason": _as_json(reason),
            "proposal_ids": [Command.create(vals) for vals in proposals],
        }

    @api.model
    def _proposal_vals(self, line, proposal, items):
        currency = self._currency(proposal.currency)
        scale = currency.decimal_places
        found = [items[item] for item in proposal.items if item > 0]
        partner = self.env["res.partner"].union(*(item.partner_id for item in found))
        return {
            "line_id": line.id,
            "company_id": line.company_id.id,
            "score": proposal.score,
            "score_parts": [_as_json(part) for part in proposal.parts],
            "spans": [
                {
                    "field": span.field,
                    "start": span.start,
                    "end": span.end,
                    "kind": span.kind,
                    "item": span.item,
                }
                for span in proposal.spans or []
            ],
            "found_by": proposal.found_by,
            "pattern": proposal.pattern,
            "is_certain": proposal.certain,
            "rule_id": proposal.rule or False,
            "item_ids": [Command.set([item.id for item in found])],
            "allocations": [
                {"item": item, "amount": _text(amount, scale), "currency": currency.name}
                for item, amount in proposal.allocations
            ],
            "partner_id": partner.id if len(partner) == 1 else False,
            "currency_id": currency.id,
            "difference": float(_text(proposal.difference, scale)),
            "difference_kind": proposal.difference_kind or False,
        }

    @api.model
    def _currency(self, name):
        return self.env["res.currency"].search([("name", "=", name)], limit=1)

    # === WRITE-OFFS AND TRANSFERS === #

    @api.model
    def _other_proposals(self, lines):
        """What settles a line without an open item, as values of proposals by line."""
        found = {}
        fitting = self.env["bank.statement.match.write.off"]._models_for(lines)
        for line, models_ in fitting.items():
            found.setdefault(line, []).extend(self._model_vals(line, model) for model in models_)
        learned = self.env["bank.statement.match.lesson"]._learned_models(lines)
        for line, models_ in learned.items():
            found.setdefault(line, []).extend(
                self._model_vals(line, model, learned=True) for model in models_ - fitting[line]
            )
        for line, journal in self._own_accounts(lines).items():
            found.setdefault(line, []).append(self._transfer_vals(line, journal))
        return found

    @api.model
    def _model_vals(self, line, model, learned=False):
        """:param bool learned: its own conditions say nothing of the line; people booked such texts by it"""
        automatic = model.trigger == "auto_reconcile" and not learned
        code = "model_learned" if learned else "model"
        parts = [{"code": code, "points": 70 if automatic else 45, "params": {}}]
        return {
            "line_id": line.id,
            "company_id": line.company_id.id,
            "score": parts[0]["points"],
            "score_parts": parts,
            "spans": [],
            "found_by": "write_off",
            "pattern": f"model:{model.id}:{'automatic' if automatic else 'manual'}",
            "is_certain": automatic and not self._has_erred(line.company_id, model),
            "reconcile_model_id": model.id,
            "allocations": [],
        }

    @api.model
    def _has_erred(self, company, model):
        return bool(
            self.env["bank.statement.match"]
            .sudo()
            .search_count(
                [
                    ("company_id", "=", company.id),
                    ("found_by", "=", "write_off"),
                    ("pattern", "=", f"model:{model.id}:automatic"),
                    ("verdict", "=", "wrong"),
                ],
                limit=1,
            )
        )

    @api.model
    def _own_accounts(self, lines):
        """:return: the company's journal that the other account of a line belongs to, by line"""
        journals = self.env["account.journal"].search(
            [
                ("type", "in", ("bank", "credit")),
                ("company_id", "in", lines.company_id.ids),
                ("bank_account_id", "!=", False),
            ]
        )
        own = {
            (journal.company_id, journal.bank_account_id.sanitized_acc_number): journal
            for journal in journals
        }
        found = {}
        for line in lines:
            number = normalise(line.account_number or line.partner_bank_id.acc_number)
            journal = own.get((line.company_id, number)) if number else None
            if journal and journal != line.journal_id:
                found[line] = journal
        return found

    @api.model
    def _transfer_vals(self, line, journal):
        """The other side of a transfer that is booked already is settled; else the first side is booked."""
        other = self._other_side(line, journal)
        currency = line.currency_id
        parts = [{"code": "own_account", "points": 62, "params": {}}]
        if other:
            parts.append({"code": "amount_exact", "points": 28, "params": {}})
        amount = f"{line.amount:.{currency.decimal_places}f}"
        return {
            "line_id": line.id,
            "company_id": line.company_id.id,
            "score": sum(part["points"] for part in parts),
            "score_parts": parts,
            "spans": [],
            "found_by": "transfer",
            "pattern": f"own:{'exact' if other else 'first'}:own",
            "is_certain": False,
            "transfer_journal_id": journal.id,
            "item_ids": [Command.set(other.ids)],
            "allocations": [
                {"item": item.id, "amount": amount, "currency": currency.name} for item in other
            ],
            "currency_id": currency.id,
        }

    @api.model
    def _other_side(self, line, journal):
        """:return: the one open item that a transfer from or to ``journal`` left, if there is exactly one"""
        account = line.company_id.transfer_account_id
        if not account or line.foreign_currency_id:
            return self.env["account.move.line"]
        found = self.env["account.move.line"].search(
            [
                ("account_id", "=", account.id),
                ("parent_state", "=", "posted"),
                ("reconciled", "=", False),
                ("currency_id", "=", line.currency_id.id),
                ("amount_residual_currency", "=", line.amount),
                ("journal_id", "=", journal.id),
            ],
            limit=2,
        )
        return found if len(found) == 1 else found.browse()

    # === WHAT THE LINE SHOWS === #

    @api.model
    def _show(self, match):
        """Say on the line what was found; open an exception where it names items of ours and is not certain."""
        line = match.line_id
        named = match.proposal_ids.filtered(
            lambda one: one.pattern and not one.pattern.startswith("none:") and one.allocations
        )
        # The item that a gate keeps out, where nothing else is named.
        gated = [int(match.reason["params"].get("item", 0))] if not named else []
        items = sorted(set(named.item_ids.ids) | {item for item in gated if item > 0})
        texts = {
            line[span["field"]][span["start"] : span["end"]]
            for proposal in named
            for span in proposal.spans or []
            if span["field"] in line._fields and line[span["field"]]
        }
        certain = match.outcome == facts.AUTO
        evidence = {"references": sorted(texts), "items": items} if items else False
        line.sudo().write(
            {
                "match_id": match.id,
                "match_state": "uncertain" if items else "no_evidence",
                "match_explanation": mask_text(match.explanation)
                if match.proposal_ids or items
                else False,
                "match_evidence": evidence,
                "match_found_by": False,
                "match_reason_code": False if certain else match.reason["code"],
                "match_score": match.score,
            }
        )
        if items and not certain:
            self._ask(line, match, evidence)
        self.env["bank.statement.review"]._tell_changed(line)

    @api.model
    def _ask(self, line, match, evidence):
        """Leave a line with evidence to a person, as an exception that says what differs."""
        code = _CODES.get(match.reason["code"])
        if not code:
            return
        words = self.env["bank.statement.match.words"]
        ranked = match.proposal_ids.sorted("rank")[:1]
        self.env["finance.exception"]._open(
            code,
            " ".join(
                filter(None, (ranked and words._summary(ranked), words._sentence(match.reason)))
            ),
            kind="business",
            severity="1",
            # Of the items what people know them by.
            evidence={
                **evidence,
                "items": self.env["account.move.line"]
                .browse(evidence["items"])
                .move_id.mapped("name"),
            },
            unit_key=f"line:{line.id}",
            record=line,
            company=line.company_id,
            connection=line.exchange_id.connection_id,
        )

    @api.model
    def _refused(self, match, error):
        """Odoo did not take what was certain: it waits, with Odoo's words."""
        match.sudo().write(
            {
                "outcome": facts.PROPOSE,
                "chosen_id": False,
                "reason": {"code": "refused", "points": 0, "params": {"error": mask_text(error)}},
            }
        )
        match.line_id.sudo().write(
            {
                "match_state": "uncertain",
                "match_reason_code": "refused",
                "match_explanation": mask_text(error),
            }
        )


def _as_json(part):
    return {"code": part.code, "points": part.points, "params": dict(part.params)}


def _text(minor, decimals):
    sign = "-" if minor < 0 else ""
    digits = str(abs(minor)).rjust(decimals + 1, "0")
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}" if decimals else f"{sign}{digits}"
