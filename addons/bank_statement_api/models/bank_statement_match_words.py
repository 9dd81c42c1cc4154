from datetime import date
from decimal import Decimal

from odoo import api, models
from odoo.tools import LazyTranslate, format_date

_lt = LazyTranslate(__name__)

SENTENCES = {
    "named_reference": _lt("The reference that was issued with it is in the text."),
    "named_number": _lt("Its number is in the text."),
    "named_core": _lt("A part of its number is in the text."),
    "named_like": _lt("The text has something that looks like its number."),
    "amount_exact": _lt("Currency and amount are equal."),
    "amount_discount": _lt(
        "The amount is what was due with early-payment discount until %(until)s."
    ),
    "amount_fee": _lt("A fee of %(difference)s explains the difference, as a rule accepts."),
    "amount_rounding": _lt(
        "A rounding of %(difference)s explains the difference, as a rule accepts."
    ),
    "amount_withholding": _lt(
        "A withholding of %(difference)s explains the difference, as a rule accepts."
    ),
    "amount_short": _lt("%(paid)s of %(due)s: a part payment?"),
    "amount_over": _lt("%(paid)s for %(due)s: more than is open."),
    "sum_all": _lt("The %(count)s items that the text names add up to the amount."),
    "sum_discount": _lt(
        "The %(count)s items that the text names add up to the amount, with their discounts."
    ),
    "sum_some": _lt(
        "%(count)s of the items that the text names add up to the amount, in one way only."
    ),
    "sum_party": _lt("%(count)s open items of this party add up to the amount, in one way only."),
    "sum_lines": _lt("%(count)s payments that name it add up to what is open."),
    "party_iban": _lt("The account it came from is this party's."),
    "party_mandate": _lt("The direct debit mandate is this party's."),
    "party_partner": _lt("The party is known."),
    "party_name": _lt("The name is this party's."),
    "party_alike": _lt("The name resembles this party's."),
    "party_several": _lt("This party is known to pay several items at once."),
    "party_stranger": _lt("The name is not this party's."),
    "party_other": _lt("The account it came from is somebody else's."),
    "model": _lt("The conditions of the model hold."),
    "model_learned": _lt("Lines with such a text were booked by the model."),
    "own_account": _lt("The other account is ours."),
    "certain": _lt("Nothing else fits."),
    "suggestion": _lt("This is a suggestion: there is no reference that we issued."),
    "precision": _lt(
        "Decisions of this kind have not been right often enough to be posted by themselves."
    ),
    "confusable": _lt(
        "Another open item has this amount and nearly the same number: was it mistyped?"
    ),
    "claimed": _lt("Another payment settles the same item."),
    "contested": _lt("Another payment could settle the same item as well."),
    "names_others": _lt("The text names %(count)s more open documents."),
    "names_closed": _lt("The text names a document of ours that is not open."),
    "runner_up": _lt("Something else fits nearly as well."),
    "gate_currency": _lt("It was issued in %(issued)s, the payment is in %(paid)s."),
    "gate_direction": _lt("What it names is to be paid the other way."),
    "closed": _lt("The text names a document of ours that is not open."),
    "nothing": _lt("Nothing fits."),
    "refused": _lt("Odoo refused it: %(error)s"),
    "by_hand": _lt("Decided by hand."),
}
"""Code of a reason -> its sentence."""


class BankStatementMatchWords(models.AbstractModel):
    """Reasons of the matching engine in words: it gives codes and figures, people get sentences in their language."""

    _name = "bank.statement.match.words"
    _description = "Words of Match Decisions"

    @api.model
    def _sentence(self, part):
        """:param dict part: ``code``, ``points`` and ``params`` of a reason
        :rtype: str
        """
        params = self._readable(dict(part.get("params") or {}))
        sentence = self.env._(SENTENCES[part["code"]])
        return sentence % params if params else sentence

    @api.model
    def _readable(self, params):
        currency = self.env["res.currency"].search([("name", "=", params.get("currency"))], limit=1)
        for name in ("difference", "due", "paid"):
            if name in params and currency:
                amount = Decimal(params[name]).scaleb(-currency.decimal_places)
                params[name] = currency.format(float(amount))
        if "until" in params:
            params["until"] = format_date(self.env, date.fromisoformat(params["until"]))
        return params

    @api.model
    def _summary(self, proposal):
        if proposal.reconcile_model_id:
            return proposal.reconcile_model_id.display_name
        if proposal.transfer_journal_id:
            return self.env._("Transfer: %s", proposal.transfer_journal_id.display_name)
        return ", ".join(proposal.item_ids.move_id.mapped("display_name"))

    @api.model
    def _decision(self, match):
        """The decision with its reasons, and the runner-up: one text for people.

        :rtype: str
        """
        ranked = match.proposal_ids.sorted("rank")
        best = match.chosen_id or ranked[:1]
        texts = []
        if best:
            reasons = " ".join(self._sentence(part) for part in best.score_parts or [])
            texts.append(f"{self._summary(best)}: {reasons}".strip())
        if match.reason:
            texts.append(self._sentence(match.reason))
        runner_up = (ranked - best)[:1]
        if runner_up:
            texts.append(
                self.env._(
                    "Next: %(what)s with %(score)s points.",
                    what=self._summary(runner_up),
                    score=runner_up.score,
                )
            )
        return " ".join(texts)
