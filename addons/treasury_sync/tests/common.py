import json

from odoo import Command

from odoo.addons.bank_statement_api.tests.common import StatementCase

VENDOR_IBAN = "FR7630006000011234567890189"


class TreasuryCase(StatementCase):
    """Companies whose payments await the bank, a vendor with a trusted account, two preparers and three approvers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for company in (cls.company_a, cls.company_b):
            company.payments_await_bank = True
        cls.vendor = cls.make_vendor("Vendor SARL", VENDOR_IBAN)
        cls.channel = cls.make_channel()

    @classmethod
    def make_world(cls):
        super().make_world()
        cls.preparer, cls.other_preparer = (
            cls.make_user(f"preparer_{number}", "preparer") for number in (1, 2)
        )
        cls.approver, cls.second_approver, cls.third_approver = (
            cls.make_user(f"approver_{number}", "approver") for number in (1, 2, 3)
        )

    @classmethod
    def make_user(cls, login, group, company=None):
        return cls.known_user(
            login, f"treasury_sync.group_treasury_{group}", company or cls.company_a
        )

    @classmethod
    def make_vendor(cls, name, iban, *, trusted=True, country="FR"):
        vendor = cls.env["res.partner"].create(
            {
                "name": name,
                "is_company": True,
                "street": "1 Rue de la Paix",
                "zip": "75002",
                "city": "Paris",
                "country_id": cls.env.ref(f"base.{country.lower()}").id,
            }
        )
        cls.env.user.group_ids |= cls.env.ref("account.group_validate_bank_account")
        cls.env["res.partner.bank"].create(
            {"acc_number": iban, "partner_id": vendor.id, "allow_out_payment": trusted}
        )
        return vendor

    @classmethod
    def make_bill(
        cls,
        amount,
        *,
        vendor=None,
        company=None,
        due="2026-12-15",
        move_type="in_invoice",
        **values,
    ):
        company = company or cls.company_a
        vendor = vendor or cls.vendor
        bill = (
            cls.env["account.move"]
            .with_company(company)
            .create(
                {
                    "move_type": move_type,
                    "partner_id": vendor.id,
                    "invoice_date": "2026-11-02",
                    "invoice_date_due": due,
                    "ref": f"V{next(cls._keys)}",
                    "partner_bank_id": vendor.bank_ids[:1].id,
                    "invoice_line_ids": [
                        Command.create(
                            {
                                "name": "Goods",
                                "quantity": 1,
                                "price_unit": amount,
                                "tax_ids": [Command.clear()],
                            }
                        )
                    ],
                    **values,
                }
            )
        )
        bill.action_post()
        return bill

    @classmethod
    def pay(cls, bills, *, user=None, journal=None, date="2026-11-26", **values):
        """Register a payment with Odoo's own wizard.

        :return: the payments
        """
        journal = journal or cls.journal
        wizard = (
            cls.env["account.payment.register"]
            .with_user(user or cls.env.user)
            .with_company(journal.company_id)
            .with_context(active_model="account.move", active_ids=bills.ids)
            .create({"journal_id": journal.id, "payment_date": date, **values})
        )
        return wizard._create_payments()

    def by_hand(self, amount, partner=None):
        """A posted payment of no bill, made by the preparer and sent to the vendor's account.

        :param partner: whom it names, the vendor if left out
        """
        payment = (
            self.env["account.payment"]
            .with_user(self.preparer)
            .create(
                {
                    "payment_type": "outbound",
                    "partner_type": "supplier",
                    "partner_id": (partner or self.vendor).id,
                    "partner_bank_id": self.vendor.bank_ids.id,
                    "amount": amount,
                    "journal_id": self.journal.id,
                }
            )
        )
        payment.action_post()
        return payment

    @classmethod
    def make_channel(cls, interface=None, **values):
        return cls.env["treasury.payment.channel"].create(
            {
                "name": "SEPA",
                "company_id": cls.company_a.id,
                "journal_id": cls.journal.id,
                "interface_id": interface and interface.id,
                **values,
            }
        )

    def order(self, *amounts, channel=None, user=None, payments=None):
        """A draft order of one bill for each amount, made by the preparer."""
        user = user or self.preparer
        payments = payments or self.env["account.payment"].union(
            *(self.pay(self.make_bill(amount), user=user) for amount in amounts or (100,))
        )
        return (
            self.env["treasury.payment.order"]
            .with_user(user)
            .create(
                {
                    "channel_id": (channel or self.channel).id,
                    "requested_date": "2026-11-27",
                    "payment_ids": [Command.set(payments.ids)],
                }
            )
        )

    def generated(self, *amounts, **kwargs):
        order = self.order(*amounts, **kwargs)
        order.action_generate()
        return order

    def approved(self, *amounts, **kwargs):
        order = self.generated(*amounts, **kwargs)
        self.approve(order, self.approver, self.second_approver)
        return order

    def approve(self, order, *users):
        for user in users:
            order.with_user(user)._approve(order.digest)

    def run_for(self, user=None, **values):
        return (
            self.env["treasury.payment.run"]
            .with_user(user or self.preparer)
            .create(
                {
                    "company_id": self.company_a.id,
                    "channel_id": self.channel.id,
                    "currency_id": self.euro.id,
                    "pay_on": "2026-11-27",
                    "due_until": "2026-12-31",
                    **values,
                }
            )
        )

    def statement_line(self, amount, journal=None, **values):
        return self.env["account.bank.statement.line"].create(
            {
                "journal_id": (journal or self.journal).id,
                "amount": amount,
                "payment_ref": "Booked by the bank",
                "date": "2026-11-27",
                **values,
            }
        )

    def line(self, order, amount, charges=(), **values):
        """A statement line that names the payment of ``order``."""
        line = self.statement_line(amount, **values)
        self.env.cr.execute(
            "UPDATE account_bank_statement_line SET end_to_end_id = %s, transaction_details = %s WHERE id = %s",
            [
                order._live().end_to_end_id,
                json.dumps(
                    {
                        "position": {},
                        "end_to_end_id": order._live().end_to_end_id,
                        "charges": charges,
                    }
                ),
                line.id,
            ],
        )
        line.invalidate_recordset()
        return line

    def settle(self, line, item):
        """Book a statement line against an open item."""
        _liquidity, suspense, _other = line._seek_for_lines()
        line.with_context(force_delete=True, skip_readonly_check=True).write(
            {
                "line_ids": [
                    Command.delete(suspense.id),
                    Command.create(
                        {
                            "account_id": item.account_id.id,
                            "partner_id": item.partner_id.id,
                            "currency_id": suspense.currency_id.id,
                            "amount_currency": suspense.amount_currency,
                            "balance": suspense.balance,
                        }
                    ),
                ]
            }
        )
        counterpart = line.line_ids.filtered(lambda entry: entry.account_id == item.account_id)
        (counterpart | item).reconcile()
