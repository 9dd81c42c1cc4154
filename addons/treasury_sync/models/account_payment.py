import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .engine import as_engine

_PURPOSE = re.compile("[A-Z]{4}")


class AccountPayment(models.Model):
    """How a payment travels: its entry stands on an outstanding account until a statement line settles that."""

    _inherit = "account.payment"

    treasury_order_id = fields.Many2one(
        "treasury.payment.order",
        string="Payment Order",
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
    )
    treasury_instruction_ids = fields.One2many("treasury.payment.instruction", "payment_id")
    treasury_purpose = fields.Char(
        string="Purpose Code",
        size=4,
        compute="_compute_treasury_purpose",
        store=True,
        readonly=False,
        precompute=True,
        copy=False,
        help="ISO 20022 code that tells both banks what it is for, e.g. SALA for salaries, TAXS for taxes.",
    )
    treasury_state = fields.Selection(
        selection=lambda self: self.env["treasury.payment.instruction"]._fields["state"].selection,
        string="At the Bank",
        compute="_compute_treasury_state",
    )
    treasury_editor_id = fields.Many2one(
        "res.users",
        string="Last Changed By",
        readonly=True,
        copy=False,
        help="Who last changed what is paid, to whom, or to which account.",
    )
    treasury_editor_ids = fields.Many2many(
        "res.users",
        "treasury_payment_editor_rel",
        "payment_id",
        "user_id",
        string="Changed By",
        readonly=True,
        copy=False,
        help="Everybody who ever changed that, beside who made the payment.",
    )

    treasury_corrects_id = fields.Many2one(
        "account.payment",
        string="Corrects",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The payment that the bank did not execute, and that this one is made in place of.",
    )
    treasury_correction_ids = fields.One2many(
        "account.payment", "treasury_corrects_id", string="Corrected By", readonly=True
    )

    _treasury_corrects_uniq = models.UniqueIndex(
        "(treasury_corrects_id) WHERE treasury_corrects_id IS NOT NULL AND state <> 'canceled'",
        "What the bank did not execute is corrected already: it is never paid twice.",
    )

    # === COMPUTE METHODS === #

    @api.depends("payment_method_line_id")
    def _compute_outstanding_account_id(self):
        """Every payment has an entry, as in Odoo Community without this addon: an invoice that waits for the bank is
        reconciled with it, and so cannot be paid a second time.
        """
        super()._compute_outstanding_account_id()
        for payment in self:
            if (
                not payment.outstanding_account_id
                and payment.company_id
                and payment.company_id._payments_await_bank()
            ):
                payment.outstanding_account_id = payment._get_outstanding_account(
                    payment.payment_type
                )

    @api.depends("partner_id", "payment_type")
    def _compute_treasury_purpose(self):
        for payment in self:
            if payment.payment_type == "outbound":
                vendor = payment.partner_id.commercial_partner_id
                payment.treasury_purpose = vendor.treasury_purpose or payment.treasury_purpose

    @api.depends("treasury_instruction_ids.state")
    def _compute_treasury_state(self):
        for payment in self:
            payment.treasury_state = payment.sudo()._live_instruction().state

    # === CONSTRAINT METHODS === #

    @api.constrains("treasury_purpose")
    def _check_treasury_purpose(self):
        check_purpose(self)

    # === BUSINESS METHODS === #

    def _live_instruction(self):
        """:return: the instruction that pays this payment, or paid it; at most one by a unique index"""
        return self.treasury_instruction_ids.filtered(lambda item: item.state != "cancelled")

    def _is_over(self):
        """:return: whether the bank has nothing more to say of this payment; False for none"""
        return self._live_instruction().state in ("booked", "rejected", "returned")

    def _correction(self):
        """:return: what was made in place of these payments, and not given up"""
        return self.treasury_correction_ids.filtered(lambda item: item.state != "canceled")

    def _surplus(self):
        """:return: what of this payment is certainly for no document: all of it, or what is more than the totals of its
            documents; nothing where these are in another currency, or are entries
        :rtype: float
        """
        self.ensure_one()
        documents = self.sudo().invoice_ids
        if documents.currency_id - self.currency_id or "entry" in documents.mapped("move_type"):
            return 0
        same = documents.filtered(
            lambda move: move.is_outbound() == (self.payment_type == "outbound")
        )
        owed = sum(same.mapped("amount_total")) - sum((documents - same).mapped("amount_total"))
        return max(self.currency_id.round(self.amount - owed), 0)

    def _copy_to_correct(self):
        """:return: drafts of what these payments were beyond their documents, each in place of one
        :rtype: account.payment
        """
        copies = self.browse()
        for payment in self:
            # Whoever asks makes it, as by Odoo's own button.
            copied = payment.copy(
                {"date": fields.Date.context_today(self), "amount": payment._surplus()}
            )
            copied.write({"treasury_purpose": payment.treasury_purpose})
            as_engine(copied).treasury_corrects_id = payment
            copies |= copied
        return copies

    def _treasury_mandate(self, channel):
        """:return: the mandate that a collection over ``channel`` would stand on; none for other payments"""
        mandates = self.env["treasury.mandate"]
        if channel.kind != "direct_debit":
            return mandates
        return mandates._find(self.company_id, self.partner_id, channel.local_instrument or "CORE")

    def _treasury_account(self, channel):
        """:return: the other side's account: the one that is paid to, or collected from"""
        if channel.kind == "direct_debit":
            return self._treasury_mandate(channel).partner_bank_id.sudo()
        return self.partner_bank_id.sudo()

    def _payment_order_problem(self, channel):
        """
        :param channel: ``treasury.payment.channel`` that is to carry it
        :return: why this payment cannot be put into a file, or an empty text
        :rtype: str
        """
        self.ensure_one()
        collects = channel.kind == "direct_debit"
        bank = self._treasury_account(channel)
        if not collects and self.payment_type != "outbound":
            return self.env._("it is money that comes in.")
        if collects and self.payment_type != "inbound":
            return self.env._("it is money that goes out.")
        if self.state != "in_process" or self.move_id.state != "posted":
            return self.env._("it is not in process: confirm it first.")
        if self.sudo()._live_instruction():
            return self.env._("it has an instruction already.")
        if self.is_matched:
            return self.env._("the bank has booked it already.")
        if problem := self._documents_problem():
            return problem
        if not self.outstanding_account_id.reconcile:
            return self.env._(
                "its outstanding account %s cannot be reconciled, so nothing would tell when the bank has booked it.",
                self.outstanding_account_id.display_name,
            )
        if collects and not bank:
            return self.env._("the debtor has no mandate in force for it.")
        if not bank.sanitized_acc_number:
            return self.env._("the recipient has no bank account.")
        if not bank.active:
            return self.env._("the recipient's account is archived.")
        if bank.partner_id.commercial_partner_id != self.partner_id.commercial_partner_id:
            return self.env._("the account belongs to somebody else than the recipient.")
        return ""

    def _documents_problem(self):
        """:return: what keeps it from paying what it was registered for, or an empty text: another payment may
            pay that meanwhile, or somebody changed or cancelled it
        :rtype: str
        """
        lines = self.move_id.line_ids
        # Odoo's own lists of what a payment reconciles have all that it was registered for. Thousands are asked about
        # one after the other: each step reads for all of them.
        counterpart = self._seek_for_lines()[1].with_prefetch(lines._prefetch_ids)
        tied = (
            counterpart.matched_debit_ids.debit_move_id.move_id
            | counterpart.matched_credit_ids.credit_move_id.move_id
        )
        owed = self.invoice_ids.filtered(
            lambda move: move.is_outbound() == (self.payment_type == "outbound")
        )
        left = not all(counterpart.mapped("reconciled"))
        if left and owed - tied:
            return self.env._(
                "it pays %s no more: cancel it, or reconcile them again.",
                ", ".join((owed - tied).mapped("name")),
            )
        if unposted := tied.filtered(lambda move: move.state != "posted"):
            return self.env._(
                "%s, which it pays, is not posted.", ", ".join(unposted.mapped("display_name"))
            )
        return ""

    def _reject(self, date, reason):
        """Undo payments that the bank did not execute: each entry is reversed, what it had paid is open again.

        :param datetime.date date: accounting date of the reversal
        :param str reason: of the bank, in words
        """
        for payment in as_engine(self):
            # First, or Odoo would take the reversed entry for one that the bank has settled.
            payment.state = "rejected"
            if payment.move_id.state == "posted":
                payment.move_id._reverse_moves(
                    [{"date": max(date, payment.move_id.date), "ref": reason}], cancel=True
                )

    def _return(self, date, reason):
        """Undo payments that came back: what they had paid is open again, and the statement line that brought the money
        back settles the outstanding item of the reversal. What the first statement line settled stays settled.

        :param datetime.date date: accounting date of the reversal
        :param str reason: of the bank, in words
        :return: the reversals
        :rtype: account.move
        """
        reversals = self.env["account.move"]
        for payment in as_engine(self):
            payment.state = "rejected"
            liquidity, counterpart, _writeoff = payment._seek_for_lines()
            counterpart.remove_move_reconcile()
            booked = payment.is_matched
            reversal = payment.move_id._reverse_moves(
                [{"date": max(date, payment.move_id.date), "ref": reason}]
            )
            # Odoo reconciles what is open of both with each other.
            reversal.action_post()
            if not booked:
                # Two statement lines will come: each has its own item to settle.
                liquidity.remove_move_reconcile()
            reversals |= reversal
        return reversals


def check_purpose(records):
    """:raise ValidationError: the ``treasury_purpose`` of one of ``records`` is no code"""
    for record in records:
        if record.treasury_purpose and not _PURPOSE.fullmatch(record.treasury_purpose):
            raise ValidationError(
                record.env._("A purpose code is four capital letters: %s", record.treasury_purpose)
            )
