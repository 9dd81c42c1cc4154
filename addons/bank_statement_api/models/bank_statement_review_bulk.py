from odoo import api, models
from odoo.exceptions import UserError

MOST_AT_ONCE = 2_000
"""Lines that one look at a bulk acceptance covers."""
CHUNK = 200


class BankStatementReview(models.AbstractModel):
    """Accepting the first proposals of many lines: first the totals, then exactly what they counted."""

    _inherit = "bank.statement.review"

    # === PUBLIC METHODS === #

    @api.model
    @api.readonly
    def get_bulk(self, filters: dict | None = None) -> dict:
        """What accepting the first proposal of each line of a filter would post.

        Left out are lines without a proposal, those where several fit, and those whose item another one of them
        claims: on these a person decides one by one.

        :param dict | None filters: as in :meth:`get_board`
        :return: ``groups`` by what the proposals rest on, with ``count``, ``totals`` by currency and the ``proposals``
            to hand to :meth:`accept_many`; ``left_out`` with reasons; ``most`` when there are more lines than one look
            covers
        :rtype: dict
        :raise AccessError: the caller may not write statement lines
        :raise UserError: the filter shows lines that do not wait
        """
        self._check_reviewer()
        filters = self._filters(filters)
        if filters["scope"] not in ("waiting", "asked"):
            raise UserError(self.env._("Only lines that wait can be accepted."))
        lines = self._lines().search(
            self._domain(filters), order="internal_index, id", limit=MOST_AT_ONCE + 1
        )
        most = len(lines) > MOST_AT_ONCE
        lines = lines[:MOST_AT_ONCE]
        best, left_out = self._best(lines)
        labels = dict(best._fields["found_by"]._description_selection(self.env))
        return {
            "groups": [
                {
                    "id": found_by,
                    "name": labels[found_by],
                    "count": len(some),
                    "totals": self._totals(some.line_id),
                    "proposals": some.ids,
                }
                for found_by, some in best.grouped("found_by").items()
            ],
            "left_out": [
                {"name": name, "count": count} for name, count in left_out.items() if count
            ],
            "most": MOST_AT_ONCE if most else 0,
        }

    @api.model
    def accept_many(self, proposal_ids: list | None = None) -> dict:
        """Accept proposals; one that was decided on meanwhile is told apart and stops no other.

        :param list | None proposal_ids: of ``bank.statement.match.proposal``, at most 200
        :return: ``accepted`` line ids, and ``refused`` ``[{"line", "reason"}]``
        :rtype: dict
        :raise AccessError: the caller may not write statement lines, or not these
        :raise UserError: there are too many, or two for one line
        """
        self._check_reviewer()
        if len(proposal_ids or []) > CHUNK:
            raise UserError(self.env._("Accept at most %s at a time.", CHUNK))
        proposals = self.env["bank.statement.match.proposal"].browse(proposal_ids or []).exists()
        proposals.check_access("read")
        stale = proposals.filtered(
            lambda one: not one.match_id.is_current or one.match_id.state != "waiting"
        )
        result = (proposals - stale).action_accept()
        words = self.env._("It was decided on meanwhile.")
        result["refused"] += [{"line": line.id, "reason": words} for line in stale.line_id]
        return result

    # === HELPERS === #

    @api.model
    def _best(self, lines):
        """:return: first proposals that may be accepted together, and how many lines are left out, by the reason"""
        ranked = self.env["bank.statement.match.proposal"].search(
            [
                ("match_id", "in", lines.match_id.ids),
                ("match_id.state", "=", "waiting"),
                ("rank", "=", 1),
            ]
        )
        ambiguous = ranked.filtered(lambda one: one.match_id.outcome == "ambiguous")
        closed = (ranked - ambiguous).filtered(
            lambda one: any(
                item.reconciled or item.parent_state != "posted" for item in one.item_ids
            )
        )
        best = ranked - ambiguous - closed
        claims = {}
        for proposal in best:
            for item in proposal.item_ids:
                claims.setdefault(item, []).append(proposal.id)
        rivals = best.browse({one for some in claims.values() if len(some) > 1 for one in some})
        return best - rivals, {
            self.env._("Nothing is proposed"): len(lines - ranked.line_id),
            self.env._("Several fit"): len(ambiguous),
            self.env._("An item was settled meanwhile"): len(closed),
            self.env._("Two lines want the same item"): len(rivals),
        }

    @api.model
    def _totals(self, lines):
        """:return: money in and out of lines by currency, as decimal text"""
        return [
            {
                "currency_id": currency.id,
                "in": self._amount(sum(line.amount for line in some if line.amount > 0), currency),
                "out": self._amount(sum(line.amount for line in some if line.amount < 0), currency),
            }
            for currency, some in lines.grouped("currency_id").items()
        ]
