import logging
from decimal import Decimal

from psycopg2 import IntegrityError

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL, split_every

from odoo.addons.bank_statement_api.tools import posting

from .bank_statement_poster_chatter import DifferentRowError
from .bank_statement_poster_pairs import MIN_PAIRS

_logger = logging.getLogger(__name__)

CHUNK = 200
"""Lines a plan of Odoo's: it compares each partial with each exchange entry of its plan."""
REFUSALS = (UserError, posting.ProposalError, IntegrityError)
"""What keeps a proposal from being posted, and no other."""
QUIET = {
    # Odoo keeps line and entry alike and checks the balance once a write; here both are written, and checked once.
    "skip_account_move_synchronization": True,
    "check_move_validity": False,
    "skip_readonly_check": True,
    "force_delete": True,
    # What changes is noted for all entries together, see ``_log``.
    "tracking_disable": True,
}


class BankStatementPoster(models.AbstractModel):
    """Posting of what was decided for statement lines: Odoo's own reconciliation, in bulk, and its undoing.

    The contract of the whole suite: who decides (the matching engine, a person on the review board, a rule) hands over
    frozen proposals, see ``tools/posting.py``, and is told for each of them what became of it. Nothing is decided here.
    """

    _name = "bank.statement.poster"
    _description = "Posting of Matched Statement Lines"

    # === RECONCILE === #

    @api.model
    def _reconcile(self, proposals):
        """Post proposals, each wholly or not at all; one that Odoo refuses does not stop the others.

        For each line, the suspense item is replaced by one item for each allocation, on the open item's account and
        reconciled with it, and by the write-offs with their taxes; ``keep_rest`` leaves a suspense item of the rest.
        The line's money is converted at the bank's rate of that line. Differences to the rate of an open item are
        booked as Odoo does it: by its exchange difference entry, or, for an item in the company's currency paid in
        another one, by an item on the exchange gain or loss account in the same entry. Cash-basis taxes, payment states
        and Odoo's hooks follow from Odoo's reconciliation.

        Gates, checked here again whoever decided: the line is open and posted, each item is open, posted, of the
        line's company or its branches, on an account that can be reconciled, and no more of it is settled than is open.
        Lines and items are locked in the order of their ids, so that two workers never settle one item twice: the later
        one gets PostgreSQL's serialization error, which Odoo and the queue retry.

        It neither commits nor asks who calls, and writes no ``match_state``, audit event or exception: the caller does.
        A caller that works on many should hand over some hundred at a time and commit between them.

        :param proposals: ``tools.posting.Proposal``; a line may be named once
        :return: one :class:`tools.posting.Outcome` for each, in their order; ``way`` tells how it was posted
        :rtype: list
        """
        proposals = list(proposals)
        outcomes = {}
        self._lock(proposals)
        first = list(self._first_of_each_line(proposals, outcomes))
        self._reconcile_plain(first, outcomes)
        rest = [proposal for proposal in first if id(proposal) not in outcomes]
        for chunk in split_every(CHUNK, rest):
            self._reconcile_some(list(chunk), outcomes)
        return [outcomes[id(proposal)] for proposal in proposals]

    @api.model
    def _first_of_each_line(self, proposals, outcomes):
        seen = set()
        for proposal in proposals:
            if proposal.line_id in seen:
                error = self.env._("The line is in two proposals.")
                outcomes[id(proposal)] = posting.Outcome(proposal.line_id, None, error)
            else:
                seen.add(proposal.line_id)
                yield proposal

    @api.model
    def _lock(self, proposals):
        for table, ids in (
            ("account_bank_statement_line", {proposal.line_id for proposal in proposals}),
            (
                "account_move_line",
                {part.item_id for proposal in proposals for part in proposal.allocations},
            ),
        ):
            self.env[table.replace("_", ".")].flush_model()
            self.env.cr.execute(
                SQL(
                    "SELECT id FROM %s WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
                    SQL.identifier(table),
                    list(ids),
                )
            )

    @api.model
    def _reconcile_plain(self, proposals, outcomes):
        """Post set-based what can be; the others get no outcome here."""
        pairs = self.env["bank.statement.poster.pairs"]
        by_kind, by_line = {}, {proposal.line_id: proposal for proposal in proposals}
        if sum(proposal.is_pair for proposal in proposals) < MIN_PAIRS:
            return
        for fact in pairs._facts(proposals):
            by_kind.setdefault((fact["company_id"], pairs._kind(fact)), []).append(fact)
        for (company_id, _kind), facts in by_kind.items():
            reason = self._why_not(self.env["res.company"].browse(company_id), facts)
            if not reason:
                try:
                    pairs._post(facts)
                except (DifferentRowError, *REFUSALS) as error:
                    reason = str(error)
            if reason:
                _logger.info("%s pairs go through the ORM: %s", len(facts), reason)
                continue
            for fact in facts:
                outcomes[id(by_line[fact["line_id"]])] = posting.Outcome(
                    fact["line_id"], "set_based"
                )

    @api.model
    def _why_not(self, company, facts):
        return self.env["bank.statement.poster.pairs"]._why_not(company, facts)

    @api.model
    def _reconcile_some(self, proposals, outcomes):
        """Post together; what is refused is halved until the bad ones stand alone."""
        try:
            with self.env.cr.savepoint():
                self._post(proposals)
        except REFUSALS as error:
            if len(proposals) == 1:
                outcomes[id(proposals[0])] = posting.Outcome(
                    proposals[0].line_id, None, self._sentence(error)
                )
                return
            middle = len(proposals) // 2
            self._reconcile_some(proposals[:middle], outcomes)
            self._reconcile_some(proposals[middle:], outcomes)
            return
        for proposal in proposals:
            outcomes[id(proposal)] = posting.Outcome(proposal.line_id, "orm")

    @api.model
    def _sentence(self, error):
        if isinstance(error, IntegrityError):
            return self.env._("The database refused the entry: %s", error.pgerror)
        return str(error)

    @api.model
    def _post(self, proposals):
        """:raise UserError: or another error of :meth:`_reconcile_some`, and nothing of it may stay"""
        line_model = self.env["account.bank.statement.line"]
        lines = line_model.browse([proposal.line_id for proposal in proposals])
        items = self.env["account.move.line"].browse(
            [part.item_id for proposal in proposals for part in proposal.allocations]
        )
        for records in (lines, items):
            if len(records.exists()) < len(set(records.ids)):
                raise UserError(self.env._("A line or an open item does not exist any more."))
        entries = self.env["bank.statement.poster.entry"]
        left = {}
        prepared = []
        for proposal, line in zip(proposals, lines, strict=True):
            # One prefetch for all: fetched line by line, reading would cost as much as writing.
            prepared.append(entries._prepare(proposal, line, items, left))
        lines._remember_unmatched({entry.line: entry.partner for entry in prepared})
        entries._write(prepared)
        plan = [
            counterpart + item for entry in prepared for counterpart, item in entry.pairs.values()
        ]
        if plan:
            entries._reconcile(prepared, plan)
        self._check_settled(prepared)
        entries._post_tracked(items.move_id)

    @api.model
    def _check_settled(self, prepared):
        """Odoo is believed only as far as its figures show it."""
        for entry in prepared:
            for counterpart, _item in entry.pairs.values():
                if not counterpart.reconciled:
                    raise UserError(
                        self.env._(
                            "Odoo did not reconcile %s in full: reconcile it by hand.",
                            entry.line.move_id.display_name,
                        )
                    )

    # === UNDO === #

    @api.model
    def _undo(self, lines):
        """Take lines back to what they were before they were posted: open, with their partner, the items open again.

        Odoo removes the partials and reverses exchange and cash-basis entries. A line that Odoo refuses to change, as
        its entry is hashed or its period locked, is told apart and stays as it is.

        :param lines: ``account.bank.statement.line``
        :return: one :class:`tools.posting.Outcome` for each, in their order
        :rtype: list
        """
        try:
            with self.env.cr.savepoint():
                lines.action_undo_reconciliation()
        except (UserError, IntegrityError) as error:
            if len(lines) > 1:
                # One of them: the others do not suffer for it.
                return [outcome for line in lines for outcome in self._undo(line)]
            return [posting.Outcome(lines.id, None, self._sentence(error))]
        return [posting.Outcome(line.id, "orm") for line in lines]

    # === HELPERS === #

    @api.model
    def _exact(self, currency, amount):
        """Money of the database as an exact figure in the currency's decimals."""
        return Decimal(f"{amount:.{currency.decimal_places}f}") + 0
