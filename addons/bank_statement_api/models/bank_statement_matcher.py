from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import split_every
from odoo.tools.gc import disabling_gc

from odoo.addons.bank_statement_api.tools import posting
from odoo.addons.bank_statement_api.tools.matching import engine, facts

CHUNK = 500
"""Lines a commit."""


class BankStatementMatcher(models.AbstractModel):
    """The matching engine at work: it loads, lets the pure engine decide, keeps every decision and posts what is
    certain.

    Certain is what no other open item rivals, on evidence of a kind that has been right often enough
    (``bank.statement.match.precision``). Everything else waits for a person, with ranked proposals.
    """

    _name = "bank.statement.matcher"
    _description = "Matching of Bank Statement Lines"

    # === SCHEDULE === #

    @api.model
    def _enqueue(self, journal, lines):
        if lines:
            self.with_delay(
                channel="root.finance.match",
                description=f"Match {len(lines)} lines of {journal.display_name}",
            )._job_match(journal.id, lines.ids)

    @api.model
    def _job_match(self, journal_id, line_ids):
        """Match lines of one journal by id; repeating it changes nothing.

        It takes turns with the imports of the journal, which write on the same lines.
        """
        exchange_model = self.env["finance.exchange"]
        for chunk in split_every(CHUNK, line_ids):
            with exchange_model._advisory_lock("journal", journal_id):
                exchange_model._checkpoint()
                lines = self.env["account.bank.statement.line"].browse(chunk).exists()
                self._match(lines.filtered(lambda line: not line.is_reconciled))
                exchange_model._checkpoint()

    # === MATCH === #

    @api.model
    def _match(self, lines):
        """Reconcile what is certain; write down for the rest what was found.

        :param lines: ``account.bank.statement.line``, unreconciled
        :return: number of lines reconciled
        :rtype: int
        """
        matched = 0
        for company, company_lines in self._waiting(lines).grouped("company_id").items():
            matched += self._post(self._store(self._decide(company, company_lines)))
        return matched

    @api.model
    def _look_again(self, lines):
        """Decide anew on lines, and post nothing: who took a match back has the candidates to choose from.

        :param lines: ``account.bank.statement.line``
        """
        for company, company_lines in self._waiting(lines).grouped("company_id").items():
            self._store(self._decide(company, company_lines))

    @api.model
    def _waiting(self, lines):
        return lines.filtered(
            lambda line: (
                line.state == "posted" and not line.is_reconciled and not line.match_ignored_reason
            )
        )

    @api.model
    def _decide(self, company, lines, rules=None):
        """Decide on lines of one company; nothing is written.

        :param rules: ``bank.statement.match.rule`` to go by; by default those in force
        :return: (line, ``facts.Decision``) by the engine's order
        :rtype: list
        """
        decisions = self._engine(company, *self._load(company, lines), rules)
        return [(lines.browse(one.line), one) for one in decisions]

    @api.model
    def _load(self, company, lines):
        """:return: what the engine decides on: lines of one company, open items, and who is known by what
        :rtype: tuple
        """
        # Hundreds of thousands of records without a cycle among them.
        with disabling_gc():
            own = self._facts_of(lines)
            parties = self._parties(company, own)
            items = self._candidates(company, self._wanted(own, parties))
            return own, items, self._named_parties(parties, items)

    @api.model
    def _engine(self, company, lines, items, parties, rules=None):
        """:param lines: ``facts.Line`` of the company
        :param items: ``facts.Item``
        """
        rule_model = self.env["bank.statement.match.rule"]
        in_force = rule_model._in_force(company) if rules is None else rules
        return engine.match(
            lines,
            items,
            parties={company.id: parties},
            tolerances=[rule._tolerance() for rule in in_force],
            shapes={company.id: self._shapes(company)},
            trusted=self.env["bank.statement.match.precision"]._trusted(company),
        )

    # === POST === #

    @api.model
    def _post(self, matches):
        """Post the certain ones of current decisions.

        :param matches: ``bank.statement.match``
        :return: number of lines reconciled
        :rtype: int
        """
        plans = {}
        for match in matches.filtered(lambda one: one.outcome == facts.AUTO):
            try:
                plans[match] = match.chosen_id._to_post()
            except (UserError, posting.ProposalError) as error:
                self._refused(match, str(error))
        posted = matches.browse()
        outcomes = self.env["bank.statement.poster"]._reconcile(plans.values())
        for match, outcome in zip(plans, outcomes, strict=True):
            if outcome.done:
                posted |= match
            else:
                self._refused(match, outcome.error)
        posted._set_posted()
        for match in posted:
            match.line_id._after_decision(match)
        return len(posted.line_id.filtered("is_reconciled"))
