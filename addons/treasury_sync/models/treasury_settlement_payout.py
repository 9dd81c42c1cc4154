from datetime import timedelta
from decimal import Decimal

from odoo import fields, models
from odoo.exceptions import UserError

from odoo.addons.bank_statement_api.tools.posting import share
from odoo.addons.finance_connector_base.models.turns import one_by_one
from odoo.addons.treasury_sync.tools import payout_proof

from .engine import as_engine

_OVER = ("paid", "failed", "cancelled")
_CAME_BACK = ("failed", "cancelled")
DAYS_OF_GRACE = 10
"""After these the bank has booked neither a payout that failed nor its return, and will not."""


class TreasurySettlement(models.Model):
    """Payouts: proven by their rows, booked from clearing to transit, expected on the bank account."""

    _inherit = "treasury.settlement"

    row_ids = fields.One2many("treasury.settlement.row", "payout_id", readonly=True)
    rows_known = fields.Boolean(readonly=True)
    is_itemised = fields.Boolean(readonly=True)
    arrival_on = fields.Date(string="Expected On", readonly=True)
    bank_reference = fields.Char(readonly=True, help="What stands on the bank statement.")
    proof_state = fields.Selection(
        [("waiting", "Waiting for Its Rows"), ("proven", "Proven"), ("differs", "Not Explained")],
        readonly=True,
    )
    proof_difference = fields.Monetary(
        readonly=True, help="What the clearing account would keep if the payout were booked."
    )
    total_gross = fields.Monetary(readonly=True)
    total_fee = fields.Monetary(readonly=True)
    clearing_balance = fields.Monetary(
        compute="_compute_clearing_balance",
        currency_field="company_currency_id",
        help="What the clearing account has of this payout, in the company's currency: zero once it is booked.",
    )
    accepted_by_id = fields.Many2one(
        "res.users",
        string="Taken Over By",
        readonly=True,
        index="btree_not_null",
        help="Who booked it although its rows do not add up to it, or cannot be asked for.",
    )
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company Currency"
    )
    statement_line_id = fields.Many2one(
        "account.bank.statement.line",
        string="Booked by the Bank",
        readonly=True,
        index="btree_not_null",
    )

    # === COMPUTE METHODS === #

    def _compute_clearing_balance(self):
        for payout in self:
            items = (
                payout._clearing_group()
                if payout.kind == "payout"
                else payout.env["account.move.line"]
            )
            payout.clearing_balance = sum(items.mapped("balance"))

    # === ACTION METHODS === #

    def action_prove_again(self):
        """Compare payouts with the books once more.

        :return: True
        """
        self._check_may_decide()
        as_engine(self)._settle_payouts()
        return True

    def action_book_difference(self):
        """Take over the rows that nothing explains: they go to the gateway's account for differences.

        :return: True
        :raise UserError: there are none, or the gateway has no such account
        """
        self._check_may_decide()
        for payout in self:
            rows = payout.row_ids.filtered("problem")
            differs = payout.proof_state == "differs" and not payout.move_id
            if not differs or not payout.gateway_id.difference_account_id:
                raise UserError(
                    self.env._(
                        "%s is explained or booked, or its gateway has no account for differences.",
                        payout.display_name,
                    )
                )
            as_engine(rows).write({"accepted_by_id": self.env.uid})
            if not payout.currency_id.is_zero(payout._unexplained()):
                as_engine(payout).write({"accepted_by_id": self.env.uid})
            self.env["finance.audit.event"]._log(
                "payout.difference_booked",
                payout,
                summary=payout.display_name,
                details={
                    "rows": rows.mapped("external_id"),
                    "amount": payout.proof_difference,
                },
            )
            as_engine(payout).with_company(payout.company_id)._settle_payouts()
        return True

    # === BUSINESS METHODS === #

    def _apply_payouts(self):
        self.filtered(lambda payout: not payout.proof_state).write({"proof_state": "waiting"})

    def _settle_payouts(self):
        """Prove payouts and book those that are proven; repeating it changes nothing."""
        for payout in self.filtered(lambda item: item.state in _OVER).sorted("id"):
            if payout.rows_known or not payout.is_itemised:
                payout._settle_payout()

    def _settle_payout(self):
        rows = self.row_ids
        rows._find_subjects()
        if not self.move_id and self._prove(rows):
            self.write({"move_id": self._create_payout_entry(rows).id})
        if self.move_id and self.state in _CAME_BACK and not self.reversal_id:
            self.write({"reversal_id": self._create_return_entry().id})
            # The next payout has it as a row.
            later = self.env["treasury.settlement.row"].search(
                [
                    ("gateway_id", "=", self.gateway_id.id),
                    ("kind", "=", "payout_failure"),
                    ("subject_ref", "=", self.external_id),
                ]
            )
            as_engine(later.payout_id)._settle_payouts()
            self._tell_failed()

    # === PROOF === #

    def _prove(self, rows):
        """Compare the payout with its rows, and these with the books; a difference is an exception that names them.

        :return: whether it may be booked
        """
        digits = self.currency_id.decimal_places
        booked = {}
        for row in rows:
            items = row._clearing_items()
            if items and items.currency_id == row.currency_id:
                total = sum(items.mapped("amount_currency"))
                booked[row.external_id] = Decimal(f"{total:.{digits}f}")
            elif items:
                booked[row.external_id] = None
        proof = payout_proof.prove(
            Decimal(f"{self.amount:.{digits}f}"),
            [row._to_row() for row in rows],
            booked,
            accepted=set(rows.filtered("accepted_by_id").mapped("external_id")),
        )
        found = {finding.row: finding for finding in proof.findings}
        for row in rows.filtered(lambda item: not item.accepted_by_id):
            finding = found.get(row.external_id)
            vals = {
                "problem": finding.why if finding else False,
                "problem_amount": float(finding.amount) if finding else 0,
            }
            if (row.problem or False) != vals["problem"]:
                row.write(vals)
        # What a person took over needs no further explanation.
        is_proven = not proof.findings and (not proof.unexplained or bool(self.accepted_by_id))
        self.write(
            {
                "proof_state": "proven" if is_proven else "differs",
                "proof_difference": float(proof.difference),
                "total_gross": float(proof.gross),
                "total_fee": float(proof.fees),
            }
        )
        self._tell_proof(proof, is_proven)
        return is_proven

    def _unexplained(self):
        """:return: what the payout has beyond its rows"""
        return self.currency_id.round(self.amount - sum(self.row_ids.mapped("net")))

    def _tell_proof(self, proof, is_proven):
        if is_proven:
            self.env["finance.exception"]._resolve_by_system(
                self,
                codes=["payout_not_proven"],
                reason=self.env._("Every row of the payout is explained by the books."),
            )
            return
        self._open_case(
            "payout_not_proven",
            self.env._(
                "%(payout)s: %(difference)s %(currency)s of it are not explained by the books; %(count)s rows.",
                payout=self.external_id,
                difference=proof.difference,
                currency=self.currency_id.name,
                count=len(proof.findings),
            ),
            {
                "payout": self.external_id,
                "difference": str(proof.difference),
                "list_incomplete_by": str(proof.unexplained),
                "rows": [
                    f"{finding.row}: {finding.why} {finding.amount}"
                    for finding in proof.findings[:20]
                ],
            },
            severity="2",
        )

    def _tell_failed(self):
        self._open_case(
            "payout_failed",
            self.env._(
                "%(gateway)s could not pay out %(amount)s: %(reason)s",
                gateway=self.gateway_id.name,
                amount=self.currency_id.format(self.amount),
                reason=self.reason or self.env._("no reason was given"),
            ),
            {"payout": self.external_id, "reason": self.reason or ""},
            severity="2",
        )

    # === ENTRIES === #

    def _booking_day(self):
        return self.arrival_on or self.occurred_on

    def _create_payout_entry(self, rows):
        """From clearing to transit: gross out, fees kept, net on its way to the bank."""
        gateway, date = self.gateway_id, self._booking_day()
        self._check_date(date)
        label = self.env._("Payout %s", self.bank_reference or self.external_id)
        groups = self._groups(rows)
        fees = sum(row.fee if row.kind != "fee" else -row.net for row in rows)
        parts = [
            *(-settled for settled, _amount in groups.values()),
            self.currency_id.round(fees),
            self.amount,
        ]
        balances = self._balances(parts, date)
        lines = [
            {
                "account_id": account.id,
                "currency_id": currency.id,
                "amount_currency": -amount,
                "balance": balances.pop(0),
                "name": label,
            }
            for (account, currency), (_settled, amount) in groups.items()
        ]
        fee_line = {"account_id": gateway.fee_account_id.id, "amount_currency": parts[-2]}
        net_line = {"account_id": gateway.transit_account_id.id, "amount_currency": self.amount}
        lines += [
            {
                **line,
                "currency_id": self.currency_id.id,
                "balance": balances.pop(0),
                "name": label,
            }
            for line in (fee_line, net_line)
        ]
        move = self._post_entries(
            [
                self._entry_vals(
                    date,
                    label,
                    [line for line in lines if line["amount_currency"] or line["balance"]],
                )
            ]
        )
        if self.bank_reference:
            move.payment_reference = self.bank_reference
        return move

    def _groups(self, rows):
        """What the rows take from the clearing account, by account and currency of the items they explain.

        :return: (account, currency) -> (in the payout's currency, in the items' own)
        """
        groups = {}

        def add(key, settled, amount):
            before = groups.get(key, (0.0, 0.0))
            groups[key] = (
                self.currency_id.round(before[0] + settled),
                key[1].round(before[1] + amount),
            )

        if unexplained := self._unexplained():
            # Without rows all of it was taken from what the gateway owed us.
            account = (
                self.gateway_id.difference_account_id
                if self.is_itemised
                else self.gateway_id.clearing_account_id
            )
            add((account, self.currency_id), unexplained, unexplained)
        for row in rows.filtered(lambda item: item.kind != "fee"):
            items = row._clearing_items()
            if row.accepted_by_id:
                account = self.gateway_id.difference_account_id
                add((account, self.currency_id), row.problem_amount, row.problem_amount)
            for currency, own in items.grouped("currency_id").items():
                total = sum(own.mapped("amount_currency"))
                same = currency == row.currency_id
                add((own.account_id[:1], currency), total if same else row.gross, total)
        return groups

    def _balances(self, parts, date):
        """Amounts that add up to nothing, in the company's currency and still adding up to nothing."""
        company_currency = self.company_id.currency_id
        if self.currency_id == company_currency:
            return list(parts)
        digits = self.currency_id.decimal_places
        total = self._in_company_currency(self.amount, self.currency_id, date)
        exact = [Decimal(f"{part:.{digits}f}") for part in parts]
        whole = exact[-1]
        converted = share(
            exact[:-1],
            -whole,
            Decimal(f"{-total:.{company_currency.decimal_places}f}"),
            company_currency.decimal_places,
        )
        return [*map(float, converted), total]

    def _create_return_entry(self):
        """A payout that came back: the gateway owes it again, and nothing is on its way to the bank."""
        gateway = self.gateway_id
        date = max(self._booking_day(), self._life().last.as_of.date())
        self._check_date(date)
        label = self.env._("Returned payout %s", self.bank_reference or self.external_id)
        transit = self._transit_items(self.move_id)
        balance = sum(transit.mapped("balance"))
        lines = [
            {
                "account_id": account.id,
                "currency_id": self.currency_id.id,
                "amount_currency": sign * self.amount,
                "balance": sign * balance,
                "name": label,
            }
            for account, sign in (
                (gateway.clearing_account_id, 1),
                (gateway.transit_account_id, -1),
            )
        ]
        move = self._post_entries([self._entry_vals(date, label, lines)])
        if self.bank_reference:
            move.payment_reference = self.bank_reference
        return move

    def _transit_items(self, moves):
        return moves.line_ids.filtered(
            lambda line: line.account_id == self.gateway_id.transit_account_id
        )

    # === ON THE BANK ACCOUNT === #

    def _booked_by(self, statement_line):
        """The bank has booked it: what it paid is paid for good."""
        self.write({"statement_line_id": statement_line.id})
        self._reconcile_clearing()

    def _no_longer_booked(self):
        """The statement line was taken back: its payments wait for the bank again."""
        self.write({"statement_line_id": False})
        self._clearing_group().remove_move_reconcile()

    def _clearing_group(self):
        """The items of the clearing account that this payout takes together; they add up to nothing."""
        own = self.move_id.line_ids.filtered(
            lambda line: (
                line.account_id.reconcile and line.account_id != self.gateway_id.transit_account_id
            )
        )
        items = own.browse().union(*(row._clearing_items() for row in self.row_ids))
        return own | items

    def _reconcile_clearing(self):
        """Settle the items of these payouts with each other, and of the earlier ones whose money they bring."""
        for payout in self:
            group = payout._clearing_group().filtered(lambda line: not line.reconciled)
            for items in group.grouped(lambda line: (line.account_id, line.currency_id)).values():
                if len(items) > 1 and items[:1].account_id.reconcile:
                    items.reconcile()
            payout.row_ids.filtered(
                lambda row: row.kind == "payout_failure"
            ).subject_id._reconcile_clearing()

    def _close_failed_transits(self):
        """Payouts that failed before the bank booked them: neither they nor their return will be on a statement."""
        day = fields.Date.today() - timedelta(days=DAYS_OF_GRACE)
        failed = [
            ("kind", "=", "payout"),
            ("reversal_id", "!=", False),
            ("statement_line_id", "=", False),
            ("reversal_id.date", "<=", day),
        ]
        untouched = as_engine(self).search(failed).filtered(lambda one: one._untouched_transit())
        # Who books one at that moment writes on it.
        for payout in one_by_one(untouched, failed):
            payout._untouched_transit().reconcile()

    def _untouched_transit(self):
        """:return: the items in transit of a payout that failed, as long as nothing settles any of them"""
        items = self._transit_items(self.move_id | self.reversal_id)
        settled = items.filtered(
            lambda line: line.reconciled or line.matched_debit_ids or line.matched_credit_ids
        )
        return items.browse() if settled else items
