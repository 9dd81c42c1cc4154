from collections import Counter

from odoo import Command, api, fields, models

from odoo.addons.finance_connector_base.tools.errors import BusinessError

# What each is when its money has moved, and when it came back afterwards.
_MOVED = {
    "refund": ("succeeded", "failed"),
    "dispute": ("withdrawn", "lost", "reinstated"),
}
_CAME_BACK = {"refund": ("failed", "cancelled"), "dispute": ("reinstated",)}


class TreasurySettlement(models.Model):
    """What the books have of payments, refunds and chargebacks: gross amounts on the clearing account."""

    _inherit = "treasury.settlement"

    receivable_key = fields.Char(
        readonly=True, copy=False, help="What its receivable items were last reconciled for."
    )

    # === PAYMENTS === #

    def _apply_payments(self):
        news = []
        for settlement in self.filtered(lambda item: item.state == "succeeded"):
            transaction = settlement._payment_transaction()
            invoices = (
                settlement.invoice_ids
                if settlement.assigned_by_id
                else settlement._invoices_meant(transaction)
            )
            if invoices != settlement.invoice_ids:
                settlement.write({"invoice_ids": [Command.set(invoices.ids)]})
            partner = invoices.commercial_partner_id[:1] or settlement._customer(transaction)
            if not settlement.payment_id:
                news.append((settlement, partner, transaction))
            elif partner and settlement.payment_id.partner_id.commercial_partner_id != partner:
                settlement._rebook(partner)
            if settlement.partner_id != partner:
                settlement.write({"partner_id": partner.id})
        self._create_payments(news)

    @api.model
    def _create_payments(self, news):
        """Book payments that the books do not have.

        :param news: (``treasury.settlement``, ``res.partner``, ``payment.transaction`` or None) of each
        """
        alone = []
        for settlement, partner, transaction in news:
            if not transaction:
                alone.append((settlement, settlement._payment_vals(partner)))
            elif transaction.payment_id:
                settlement.write({"payment_id": transaction.payment_id.id})
            else:
                payment = self._post_payments([settlement._payment_vals(partner)])
                settlement.write({"payment_id": payment.id})
                # From now on Odoo's own post-processing has nothing left to make.
                transaction.payment_id = payment
                payment.payment_transaction_id = transaction
        payments = self._post_payments([vals for _settlement, vals in alone])
        for (settlement, _vals), payment in zip(alone, payments, strict=True):
            settlement.write({"payment_id": payment.id})

    @api.model
    def _post_payments(self, vals_list):
        payments = self.env["account.payment"].create(vals_list)
        payments.action_post()
        return payments

    def _payment_vals(self, partner):
        gateway = self.gateway_id
        self._check_date(self.occurred_on)
        self._in_company_currency(self.amount, self.currency_id, self.occurred_on)
        vals = {
            "payment_type": "inbound",
            "partner_type": "customer",
            "partner_id": partner.id,
            "amount": self.amount,
            "currency_id": self.currency_id.id,
            "date": self.occurred_on,
            "memo": self.reference or self.external_id,
            "journal_id": gateway.journal_id.id,
            "company_id": gateway.company_id.id,
            "payment_method_line_id": gateway.journal_id.inbound_payment_method_line_ids[:1].id,
        }
        if account := self._receivable_account():
            vals["destination_account_id"] = account.id
        return vals

    def _rebook(self, partner):
        """Book the payment for another customer; what was tied to its entry is tied anew afterwards."""
        payment = self.payment_id
        payment.action_draft()
        vals = {"partner_id": partner.id}
        if account := self._receivable_account():
            vals["destination_account_id"] = account.id
        payment.write(vals)
        payment.action_post()
        self.write({"receivable_key": False})
        for child in self.child_ids:
            receivable = (child.move_id | child.reversal_id).line_ids - child._clearing_items_of(
                child.move_id | child.reversal_id
            )
            receivable.write({"partner_id": partner.id})
        self.subject_row_ids.payout_id.filtered("statement_line_id")._reconcile_clearing()

    def _receivable_account(self):
        lines = self.invoice_ids.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )
        return lines.account_id[:1]

    # === REFUNDS AND CHARGEBACKS === #

    def _apply_withdrawals(self):
        """Money that went back to the customer, and perhaps came back from there."""
        entries = []
        for settlement in self:
            moved = settlement.state in _MOVED[settlement.kind] or bool(settlement.subject_row_ids)
            if not moved or not settlement.parent_id.payment_id:
                continue
            if not settlement.move_id:
                vals = settlement._withdrawal_vals(settlement.occurred_on)
                entries.append((settlement, "move_id", vals))
            if settlement.state in _CAME_BACK[settlement.kind] and not settlement.reversal_id:
                vals = settlement._withdrawal_vals(settlement._came_back_on(), sign=-1)
                entries.append((settlement, "reversal_id", vals))
        moves = self._post_entries([vals for _settlement, _name, vals in entries])
        for (settlement, name, _vals), move in zip(entries, moves, strict=True):
            settlement.write({name: move.id})

    def _came_back_on(self):
        return max(self.occurred_on, self._life().last.as_of.date())

    def _withdrawal_vals(self, date, sign=1):
        payment = self.parent_id.payment_id
        self._check_date(date)
        # Both directions at the rate of the day it happened: nothing was earned meanwhile.
        balance = self._in_company_currency(self.amount, self.currency_id, self.occurred_on)
        labels = {
            "refund": self.env._("Refund"),
            "dispute": self.env._("Chargeback"),
        }
        label = self.env._(
            "%(what)s %(id)s of %(payment)s",
            what=labels[self.kind],
            id=self.external_id,
            payment=self.parent_id.external_id,
        )
        return self._entry_vals(
            date,
            label,
            [
                {
                    "account_id": account.id,
                    "partner_id": payment.partner_id.id,
                    "currency_id": self.currency_id.id,
                    "amount_currency": sign * direction * self.amount,
                    "balance": sign * direction * balance,
                    "name": label,
                }
                for account, direction in (
                    (payment.destination_account_id, 1),
                    (payment.outstanding_account_id, -1),
                )
            ],
        )

    # === RECEIVABLES === #

    def _settle_receivables(self):
        """Tie payments to what they pay: refunds and chargebacks first, so that these open the invoice again.

        Payments of one invoice take it in the order of their dates, whichever became known first.
        """
        payments = self.filtered("payment_id")
        if not payments:
            return
        stale = payments.filtered(lambda item: item.receivable_key != item._receivable_state())
        while stale:
            sharing = stale | self.search(
                [
                    ("kind", "=", "payment"),
                    ("payment_id", "!=", False),
                    ("invoice_ids", "in", stale.invoice_ids.ids),
                ]
            )
            if sharing <= stale:
                break
            stale = sharing
        ordered = stale.sorted(lambda item: (item.occurred_on, item.external_id))
        self.env["account.move.line"].union(
            *(settlement._receivable_items() for settlement in ordered)
        ).remove_move_reconcile()
        for settlement in ordered - ordered._reconcile_plain():
            settlement._reconcile_receivable()
        for settlement in ordered:
            settlement.write({"receivable_key": settlement._receivable_state()})
        ordered._tell_unsettled()

    def _receivable_state(self):
        return ":".join(
            str(part)
            for part in (
                self.payment_id.id,
                self.payment_id.partner_id.id,
                sorted(self.invoice_ids.ids),
                sorted((self.child_ids.move_id | self.child_ids.reversal_id).ids),
            )
        )

    def _own_receivable(self):
        _liquidity, counterpart, _writeoff = self.payment_id._seek_for_lines()
        return counterpart

    def _receivable_items(self):
        account = self.payment_id.destination_account_id
        return self._own_receivable() | (
            self.child_ids.move_id | self.child_ids.reversal_id
        ).line_ids.filtered(lambda line: line.account_id == account)

    def _reconcile_plain(self):
        """Tie payments to their invoices in one go, where nothing depends on the order.

        :return: those that were: each with one open item that no other payment pays, and nothing that went back
        """
        payers = Counter(invoice for settlement in self for invoice in settlement.invoice_ids)
        plain, plan = self.browse(), []
        for settlement in self:
            own, owed = settlement._own_receivable(), settlement._owed()
            alone = all(payers[invoice] == 1 for invoice in settlement.invoice_ids)
            if alone and not settlement.child_ids and len(owed) == 1 and not own.reconciled:
                plain |= settlement
                plan.append(own | owed)
        if plan:
            self.env["account.move.line"]._reconcile_plan(plan)
        return plain

    def _owed(self):
        """:return: the open items of the invoices that it pays, in the order in which it pays them"""
        account = self._own_receivable().account_id
        return self.invoice_ids.line_ids.filtered(
            lambda line: line.account_id == account and not line.reconciled
        ).sorted(lambda line: (line.date_maturity or line.date, line.id))

    def _reconcile_receivable(self):
        own = self._own_receivable()
        for child in self.child_ids.sorted("external_id"):
            taken, back = (
                move.line_ids.filtered(lambda line: line.account_id == own.account_id)
                for move in (child.move_id, child.reversal_id)
            )
            pair = taken | (back or own)
            if taken and not any(line.reconciled for line in pair):
                pair.reconcile()
        for line in self._owed():
            if not own.reconciled:
                (own | line).reconcile()

    # === ENTRIES === #

    def _clearing_account(self):
        if self.kind == "payout":
            return self.gateway_id.clearing_account_id
        payment = self.payment_id or self.parent_id.payment_id
        return payment.outstanding_account_id

    def _clearing_items_of(self, moves):
        account = self._clearing_account()
        return moves.filtered(lambda move: move.state == "posted").line_ids.filtered(
            lambda line: line.account_id == account
        )

    def _entry_vals(self, date, label, lines):
        return {
            "move_type": "entry",
            "journal_id": self.gateway_id.journal_id.id,
            "company_id": self.company_id.id,
            "date": date,
            "ref": label,
            "line_ids": [Command.create(line) for line in lines],
        }

    @api.model
    def _post_entries(self, vals_list):
        """:return: the posted entries, in the order of ``vals_list``
        :rtype: account.move
        """
        moves = self.env["account.move"].create(vals_list)
        if moves:
            moves.action_post()
        return moves

    def _check_date(self, date):
        """:raise BusinessError: the day is in a locked period; Odoo would silently book on another one"""
        gateway = self.gateway_id
        if locks := gateway.company_id._get_violated_lock_dates(date, False, gateway.journal_id):
            raise BusinessError(
                "settlement_date_locked",
                self.env._(
                    "%(name)s happened on %(date)s, in a period that is locked until %(lock)s.",
                    name=self.display_name,
                    date=date,
                    lock=locks[-1][0],
                ),
                evidence={"date": date.isoformat()},
            )

    def _in_company_currency(self, amount, currency, date):
        """:raise BusinessError: no rate is known for the day, which never means a rate of one"""
        company = self.gateway_id.company_id
        if currency == company.currency_id:
            return amount
        known = self.env["res.currency.rate"].search_count(
            [
                ("currency_id", "=", currency.id),
                ("name", "<=", date),
                ("company_id", "in", [False, company.root_id.id]),
            ],
            limit=1,
        )
        if not known:
            raise BusinessError(
                "settlement_rate_missing",
                self.env._(
                    "%(name)s is in %(currency)s, and no rate is known for %(date)s.",
                    name=self.display_name,
                    currency=currency.name,
                    date=date,
                ),
                evidence={"currency": currency.name, "date": date.isoformat()},
            )
        return currency._convert(amount, company.currency_id, company, date)
