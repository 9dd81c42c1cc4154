from dataclasses import dataclass, field
from decimal import Decimal

from odoo import api, models
from odoo.exceptions import UserError

from odoo.addons.bank_statement_api.tools import posting

from .account_move import NUMBERED_TOGETHER
from .bank_statement_poster import QUIET

ANALYTIC_METHODS = (
    "_compute_analytic_distribution",
    "_inverse_analytic_distribution",
    "_related_analytic_distribution",
)
PLAN_METHODS = (
    "_check_balanced",
    "_get_sync_stack",
    "_invoice_paid_hook",
    "_reconcile_plan",
    "_sync_dynamic_line",
    "_sync_dynamic_lines",
    "_sync_invoice",
)


@dataclass
class Entry:
    """The new items of a line's entry; ``pairs`` of (counterpart, open item) once they are written."""

    line: object
    suspense: object
    partner: object
    vals_list: list
    items: list = field(default_factory=list)
    pairs: dict = field(default_factory=dict)


class BankStatementPosterEntry(models.AbstractModel):
    """The items that take the place of a line's suspense item."""

    _name = "bank.statement.poster.entry"
    _description = "Entries of Matched Statement Lines"

    # === PREPARE === #

    @api.model
    def _prepare(self, proposal, line, all_items, left):
        """:param all_items: ``account.move.line`` of all proposals, for their prefetch
        :param dict left: what is left of an open item after the proposals before, by item; changed here
        :rtype: Entry
        :raise UserError: a gate is closed
        :raise ProposalError: it does not add up
        """
        suspense = self._suspense(line)
        currency = suspense.currency_id
        open_amount = -self._exact(currency, suspense.amount_currency)
        posting.check(proposal, open_amount)
        items = [
            self.env["account.move.line"]
            .browse(part.item_id)
            .with_prefetch(all_items._prefetch_ids)
            for part in proposal.allocations
        ]
        for part, item in zip(proposal.allocations, items, strict=True):
            self._check_item(part, item, line, currency, left)
        paid = [
            part.paid if part.paid is not None else part.amount for part in proposal.allocations
        ]
        company_currency = line.company_id.currency_id
        amounts = [*paid, *(part.amount for part in proposal.write_offs)]
        balances = posting.share(
            amounts,
            open_amount,
            -self._exact(company_currency, suspense.balance),
            company_currency.decimal_places,
        )
        partner = self._partner(proposal, line, items)
        vals_list, differences = [], []
        for part, item, spent, balance in zip(
            proposal.allocations, items, paid, balances, strict=False
        ):
            vals, difference = self._counterpart_vals(part, item, spent, balance, currency)
            vals_list.append(vals)
            differences += difference
        for part, balance in zip(proposal.write_offs, balances[len(items) :], strict=True):
            vals_list += self._write_off_vals(part, balance, line, currency, partner)
        vals_list += differences
        if proposal.keep_rest and (rest := open_amount - sum(amounts, Decimal())):
            vals_list.append(self._rest_vals(suspense, rest, sum(balances, Decimal())))
        for vals in vals_list:
            vals["move_id"] = line.move_id.id
        return Entry(line, suspense, partner, vals_list, items)

    @api.model
    def _suspense(self, line):
        if line.state != "posted":
            raise UserError(self.env._("%s is not posted.", line.move_id.display_name))
        _liquidity, suspense, _other = line._seek_for_lines()
        if len(suspense) != 1 or line.is_reconciled:
            raise UserError(self.env._("%s is reconciled already.", line.move_id.display_name))
        return suspense

    @api.model
    def _check_item(self, part, item, line, currency, left):
        if item.reconciled or item.parent_state != "posted":
            raise UserError(self.env._("%s is not open any more.", item.move_id.display_name))
        if item.company_id.root_id != line.company_id.root_id or not item.account_id.reconcile:
            raise UserError(
                self.env._(
                    "%s is of another company, or its account cannot be reconciled.",
                    item.move_id.display_name,
                )
            )
        if part.paid is None and item.currency_id != currency:
            raise posting.ProposalError(
                f"{item.move_id.display_name} is in {item.currency_id.name}, the line in {currency.name}: "
                "the proposal has to say what was paid for it."
            )
        if item.currency_id == currency and part.paid not in (None, part.amount):
            raise posting.ProposalError("What is settled and what is paid for it differ.")
        residual = left.get(item, self._exact(item.currency_id, item.amount_residual_currency))
        if part.amount * residual <= 0 or abs(part.amount) > abs(residual):
            raise UserError(
                self.env._(
                    "%(entry)s has %(open)s open, not %(amount)s.",
                    entry=item.move_id.display_name,
                    open=residual,
                    amount=part.amount,
                )
            )
        left[item] = residual - part.amount

    @api.model
    def _partner(self, proposal, line, items):
        partner_model = self.env["res.partner"]
        if proposal.partner_id:
            return partner_model.browse(proposal.partner_id)
        partners = partner_model.union(*(item.partner_id for item in items))
        return partners if len(partners) == 1 else line.partner_id

    @api.model
    def _counterpart_vals(self, part, item, paid, balance, currency):
        """:return: values of the counterpart, and of an exchange difference that Odoo would not book by itself"""
        own = item.currency_id == currency
        company_currency = item.company_currency_id
        vals = {
            "name": item.name or item.move_id.name,
            "account_id": item.account_id.id,
            "partner_id": item.partner_id.id,
            "currency_id": item.currency_id.id,
            "amount_currency": float(-(paid if own else part.amount)),
            "balance": float(-balance),
        }
        if own or item.currency_id != company_currency or part.amount == balance:
            return vals, []
        vals["balance"] = vals["amount_currency"]
        difference = part.amount - balance
        account = item._get_exchange_account(item.company_id, float(difference))
        if not account:
            raise UserError(
                self.env._("%s has no account for exchange differences.", item.company_id.name)
            )
        return vals, [
            {
                "name": self.env._("Currency exchange rate difference"),
                "account_id": account.id,
                "partner_id": item.partner_id.id,
                "currency_id": currency.id,
                "amount_currency": 0.0,
                "balance": float(difference),
            }
        ]

    @api.model
    def _write_off_vals(self, part, balance, line, currency, partner):
        """:return: values of the item and of one for each tax; together exactly the amount"""
        base = {
            "name": part.label,
            "account_id": part.account_id,
            "partner_id": part.partner_id or partner.id,
            "currency_id": currency.id,
        }
        taxes = self.env["account.tax"].browse(part.tax_ids)
        amounts, vals_list = [-part.amount], [base]
        if taxes:
            sale = taxes.flatten_taxes_hierarchy()[:1].type_tax_use == "sale"
            computed = taxes.with_context(force_price_include=True).compute_all(
                float(-part.amount),
                currency=currency,
                partner=partner,
                is_refund=part.amount < 0 if sale else part.amount > 0,
            )
            base |= {
                "tax_ids": [(6, 0, part.tax_ids)],
                "tax_tag_ids": [(6, 0, computed["base_tags"])],
            }
            for tax in computed["taxes"]:
                amounts.append(self._exact(currency, tax["amount"]))
                vals_list.append(
                    {
                        **base,
                        "name": tax["name"],
                        "account_id": tax["account_id"] or part.account_id,
                        "tax_repartition_line_id": tax["tax_repartition_line_id"],
                        "tax_base_amount": tax["base"],
                        "tax_ids": [(6, 0, tax["tax_ids"])],
                        "tax_tag_ids": [(6, 0, tax["tag_ids"])],
                        "group_tax_id": tax["group"].id,
                    }
                )
            amounts[0] -= sum(amounts[1:], Decimal())
        balances = posting.share(
            amounts, -part.amount, -balance, line.company_id.currency_id.decimal_places
        )
        for vals, amount, company_amount in zip(vals_list, amounts, balances, strict=True):
            vals |= {"amount_currency": float(amount), "balance": float(company_amount)}
        return vals_list

    @api.model
    def _rest_vals(self, suspense, rest, spent):
        return {
            "name": suspense.name,
            "account_id": suspense.account_id.id,
            "partner_id": suspense.partner_id.id,
            "currency_id": suspense.currency_id.id,
            "amount_currency": float(-rest),
            "balance": float(self._exact(suspense.company_currency_id, suspense.balance) + spent),
        }

    # === WRITE === #

    @api.model
    def _write(self, entries):
        """Put the new items in place of the suspense items, for all lines together, and check that they balance."""
        partner_notes = self._set_partners(entries)
        moves = self.env["account.move"].union(*(entry.line.move_id for entry in entries))
        suspense = self.env["account.move.line"].union(*(entry.suspense for entry in entries))
        container = {"records": moves}
        # Around both, as in a ``write`` of Odoo: it would balance each entry anew after the deletion.
        with moves._check_balanced(container), moves._sync_dynamic_lines(container):
            notes = self._item_notes(suspense, is_new=False)
            suspense.with_context(**QUIET).unlink()
            created = suspense.browse().with_context(**QUIET)
            vals_list = [vals for entry in entries for vals in entry.vals_list]
            if self._has_no_analytic():
                created = created.with_context(skip_analytic_sync=True)
                vals_list = [{**vals, "analytic_distribution": False} for vals in vals_list]
            created = created.create(vals_list)
            moves.with_context(**QUIET).write({"is_manually_modified": True})
        created = created.with_env(self.env)
        self._log(notes + self._item_notes(created, is_new=True) + partner_notes)
        made = iter(created)
        for entry in entries:
            own = [next(made) for _vals in entry.vals_list]
            entry.pairs = {
                item.id: (counterpart, item)
                for counterpart, item in zip(own, entry.items, strict=False)
            }

    @api.model
    def _has_no_analytic(self):
        """Whether no rule could give a new item an analytic distribution, so that none is looked for, item by item."""
        distributions = self.env["account.analytic.distribution.model"].sudo()
        return not (
            self.env["bank.statement.line.writer"]._foreign_override(
                ["account.move.line"], ANALYTIC_METHODS
            )
            or distributions.search_count([], limit=1)
        )

    # === RECONCILE === #

    @api.model
    def _reconcile(self, entries, plan):
        """Odoo's ``_reconcile_plan``, without what it does beside for entries whose amounts change: here, none do.

        It computes terms, taxes and roundings of all entries before and after. Where taxes fall due with the payment,
        or a module that is not known here takes part, it is left to do so. An exchange difference is an entry of its
        own, which is balanced when it is posted.
        """
        items = self.env["account.move.line"]
        writer = self.env["bank.statement.line.writer"]
        if self._taxes_fall_due(entries) or writer._foreign_override(
            ["account.move", "account.move.line"], PLAN_METHODS
        ):
            items._reconcile_plan(plan)
            return
        items = items.with_context(**{NUMBERED_TOGETHER: {}})
        if self._has_no_analytic():
            # Nor is one looked for, or analytic lines, for the items of exchange differences.
            items = items.with_context(skip_analytic_sync=True, default_analytic_distribution=False)
        plan = [items.browse(pair.ids).with_prefetch(pair._prefetch_ids) for pair in plan]
        nodes, all_items = items._optimize_reconciliation_plan(plan)
        # What is left of those computations: Odoo notes on each invoice that it wrote there.
        invoices = all_items.move_id.filtered(lambda move: move.is_invoice(include_receipts=True))
        invoices.with_context(**QUIET, skip_invoice_sync=True).write({"is_manually_modified": True})
        nothing = self.env["account.move"]
        container = {"records": nothing}
        # As around Odoo's plan: what is made inside is not computed anew either.
        with nothing._check_balanced(container), nothing._sync_dynamic_lines(container):
            all_items.browse()._reconcile_plan_with_sync(nodes, all_items)

    @api.model
    def _taxes_fall_due(self, entries):
        """Whether a tax falls due with the payment, by an entry that Odoo makes."""
        return any(
            item.company_id.tax_exigibility
            for entry in entries
            for pair in entry.pairs.values()
            for item in pair
        )

    # === HELPERS === #

    @api.model
    def _exact(self, currency, amount):
        return self.env["bank.statement.poster"]._exact(currency, amount)
