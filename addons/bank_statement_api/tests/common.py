import json
from datetime import date, timedelta
from decimal import Decimal

from odoo.addons.bank_statement_api.tests.camt_writer import Line, daily_file
from odoo.addons.bank_statement_api.tools import api_window
from odoo.addons.bank_statement_api.tools.documents import AccountRef
from odoo.addons.finance_connector_base.tests.common import FinanceCase

IBAN = "DE89370400440532013000"
IBAN_B = "DE75512108001245126199"
DAY = date(2026, 3, 4)


class StatementCase(FinanceCase):
    """Two companies with a euro account each, and an interface for statement files in each of them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.journals = {
            company: cls.make_journal(company, iban)
            for company, iban in ((cls.company_a, IBAN), (cls.company_b, IBAN_B))
        }
        cls.journal = cls.journals[cls.company_a]
        cls.connection = cls.make_connection("upload")
        cls.interface = cls.make_interface("bank_statement", cls.connection)

    @classmethod
    def make_world(cls):
        super().make_world()
        cls.euro = cls.env.ref("base.EUR")
        cls.euro.active = True
        for company in cls.company_a | cls.company_b:
            if company.chart_template != "generic_coa":
                company.currency_id = cls.euro
                cls.env["account.chart.template"].try_loading(
                    "generic_coa", company, install_demo=False
                )
                company.currency_id = cls.euro

    @classmethod
    def make_journal(cls, company, iban, currency=None, code="TBNK"):
        bank_account = cls.env["res.partner.bank"].create(
            {"acc_number": iban, "partner_id": company.partner_id.id}
        )
        return cls.env["account.journal"].create(
            {
                "name": f"Bank {code}",
                "code": code,
                "type": "bank",
                "company_id": company.id,
                "bank_account_id": bank_account.id,
                "currency_id": currency.id if currency else False,
            }
        )

    @classmethod
    def make_invoice(cls, amount, *, currency=None, company=None, reference=None):
        company = company or cls.company_a
        partner = cls.env["res.partner"].create({"name": "Customer"})
        invoice = (
            cls.env["account.move"]
            .with_company(company)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": partner.id,
                    "invoice_date": "2026-02-02",
                    "currency_id": (currency or company.currency_id).id,
                    "payment_reference": reference,
                    "invoice_line_ids": [
                        (
                            0,
                            0,
                            {
                                "name": "Goods",
                                "quantity": 1,
                                "price_unit": amount,
                                "tax_ids": [(5, 0, 0)],
                            },
                        )
                    ],
                }
            )
        )
        invoice.action_post()
        return invoice

    @classmethod
    def make_rate(cls, name, rate, day=DAY - timedelta(days=60)):
        """A currency, of which company A gets ``rate`` for a euro from a day on."""
        currency = cls.env.ref(f"base.{name}")
        currency.active = True
        cls.env["res.currency.rate"].create(
            {
                "name": day,
                "currency_id": currency.id,
                "company_id": cls.company_a.id,
                "rate": rate,
            }
        )
        return currency

    @classmethod
    def make_profile(cls, **values):
        """A column profile of company A for tables with the columns Date, Amount and Text."""
        return cls.env["bank.statement.profile"].create(
            {
                "name": "Table",
                "company_id": cls.company_a.id,
                "booking_date": "Date",
                "amount": "Amount",
                "text": "Text",
                **values,
            }
        )

    # === DOING === #

    def file(
        self, *lines, opening=Decimal("100.00"), sequence=1, iban=IBAN, currency="EUR", **kwargs
    ):
        """A CAMT.053 of one statement; ``lines`` are ``(amount, text)`` or :class:`Line`."""
        return daily_file(
            iban,
            currency,
            [
                line
                if isinstance(line, Line)
                else Line(DAY, Decimal(line[0]), line[1], reference=f"REF{sequence}{number}")
                for number, line in enumerate(lines)
            ],
            opening=opening,
            sequence=sequence,
            **kwargs,
        )

    def bring(self, content, interface=None, key=None):
        """Receive a file and work on it as the queue would."""
        exchange, _is_new = self.receive(interface or self.interface, content, key=key)
        exchange._job_process()
        return exchange

    def lines(self, journal=None):
        return self.env["account.bank.statement.line"].search(
            [("journal_id", "=", (journal or self.journal).id)], order="id"
        )

    def match(self, journal=None):
        """Do what the queued match jobs would do."""
        return self.env["bank.statement.matcher"]._match(self.lines(journal))

    def window(self, booked, *, date_from=DAY, date_to=DAY, closing=None, pending=()):
        """What one fetch over NextGenPSD2 brings.

        :param booked: tuples of day, amount, text and the bank's transaction id
        :param closing: closing balance of the last day, as text
        """

        def transaction(day, amount, text, transaction_id=None):
            return {
                "transactionAmount": {"currency": "EUR", "amount": amount},
                "remittanceInformationUnstructured": text,
                **(
                    {"bookingDate": day.isoformat(), "valueDate": day.isoformat()}
                    if transaction_id
                    else {}
                ),
                **({"transactionId": transaction_id} if transaction_id else {}),
            }

        page = {
            "account": {"iban": IBAN, "currency": "EUR"},
            "transactions": {
                "booked": [transaction(*row) for row in booked],
                "pending": [transaction(DAY, *row) for row in pending],
                "_links": {"account": {"href": "/v1/accounts/1"}},
            },
        }
        balances = {
            "account": {"iban": IBAN, "currency": "EUR"},
            "balances": [
                {
                    "balanceType": "closingBooked",
                    "balanceAmount": {"currency": "EUR", "amount": closing},
                    "referenceDate": date_to.isoformat(),
                }
            ]
            if closing
            else [],
        }
        account = AccountRef(
            iban=IBAN, other_id=None, scheme=None, currency="EUR", bic=None, owner_name=None
        )
        return api_window.pack(
            account, date_from, date_to, [json.dumps(page).encode()], json.dumps(balances).encode()
        )
