from dateutil.relativedelta import relativedelta

from odoo import api, fields, models

from odoo.addons.bank_statement_api.tools.matching import facts

_MOST_LINES = 20_000
_MOST_SHOWN = 50


class BankStatementMatchBacktest(models.AbstractModel):
    """A rule on trial: what the engine would have done with the lines that people reconciled, with and without it."""

    _name = "bank.statement.match.backtest"
    _description = "Back-Test of a Matching Rule"

    @api.model
    def _try(self, rule, months):
        """:param rule: ``bank.statement.match.rule``, in any state
        :param int months: how far back
        :return: figures for people, and the lines that would be decided otherwise
        :rtype: dict
        """
        company = rule.company_id
        since = fields.Date.context_today(self) - relativedelta(months=months)
        lines, items, truth = self._history(company, since)
        in_force = self.env["bank.statement.match.rule"]._in_force(company)
        others = in_force.filtered(lambda one: one.code != rule.code)
        before = self._decisions(company, lines, items, in_force)
        after = self._decisions(company, lines, items, others | rule)
        figures = self._figures(after, truth)
        changed = [
            line_id
            for line_id in sorted(after)
            if _certain(after[line_id]) != _certain(before[line_id])
        ]
        return {
            "since": fields.Date.to_string(since),
            "months": months,
            "lines": len(lines),
            "before": sum(one.outcome == facts.AUTO for one in before.values()),
            **figures,
            "changed": [
                {
                    "line": line_id,
                    "before": sorted(_certain(before[line_id])),
                    "after": sorted(_certain(after[line_id])),
                    "people": sorted(truth[line_id]),
                }
                for line_id in changed[:_MOST_SHOWN]
            ],
            "changed_count": len(changed),
        }

    @api.model
    def _decisions(self, company, lines, items, rules):
        matcher = self.env["bank.statement.matcher"]
        parties = matcher._named_parties(matcher._parties(company, lines), items)
        return {one.line: one for one in matcher._engine(company, lines, items, parties, rules)}

    @api.model
    def _figures(self, decisions, truth):
        auto = {
            line_id: _certain(one)
            for line_id, one in decisions.items()
            if one.outcome == facts.AUTO
        }
        right = sum(found == truth[line_id] for line_id, found in auto.items())
        return {
            "auto": len(auto),
            "right": right,
            "precision": round(100 * right / len(auto), 2) if auto else 100.0,
            "recall": round(100 * right / len(truth), 2) if truth else 0.0,
        }

    @api.model
    def _history(self, company, since):
        """Lines that people reconciled with open items, and the items as they were before.

        :return: (``facts.Line`` list, ``facts.Item`` list, item ids by line id)
        :rtype: tuple
        """
        matcher = self.env["bank.statement.matcher"]
        lines = self.env["account.bank.statement.line"].search(
            [
                ("company_id", "=", company.id),
                ("is_reconciled", "=", True),
                ("date", ">=", since),
                "|",
                ("match_id", "=", False),
                ("match_id.decided_by_id", "!=", False),
            ],
            order="id desc",
            limit=_MOST_LINES,
        )
        paid, truth = {}, {}
        for line in lines:
            _liquidity, _suspense, others = line._seek_for_lines()
            for partial in others.matched_debit_ids | others.matched_credit_ids:
                item = partial.debit_move_id - others or partial.credit_move_id - others
                own = item == partial.debit_move_id
                amount = partial.debit_amount_currency if own else -partial.credit_amount_currency
                paid[item] = paid.get(item, 0.0) + amount
                truth.setdefault(line.id, set()).add(item.id)
        lines = lines.filtered(lambda line: line.id in truth)
        own = matcher._facts_of(lines)
        open_items = matcher._candidates(
            company, matcher._wanted(own, matcher._parties(company, own))
        )
        items = {item.id: item for item in open_items}
        for item, amount in paid.items():
            items[item.id] = matcher._item_before(company, item, amount)
        # Odoo set the partner from what was found: a line of the past does not know it yet.
        return [_unknown(line) for line in own], list(items.values()), truth


def _certain(decision):
    return set(decision.proposals[0].items) if decision.outcome == facts.AUTO else set()


def _unknown(line):
    values = {name: getattr(line, name) for name in facts.Line.__dataclass_fields__}
    return facts.Line(**values | {"partner": 0})
