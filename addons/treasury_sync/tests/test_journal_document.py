import json

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import TreasuryCase


@tagged("post_install", "-at_install")
class TestJournalDocument(TreasuryCase):
    """A payroll system hands over journals; its codes are mapped for each company."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.payroll = cls.make_connection("upload")
        cls.journals_in = cls.make_interface(
            "journal_document", cls.payroll, version={"settings": {"policy": "post"}}
        )
        cls.accounts = {}
        for code, kind in (
            ("6000", "expense"),
            ("2000", "liability_current"),
            ("2100", "liability_current"),
        ):
            account = cls.env["account.account"].create(
                {
                    "name": f"Payroll {code}",
                    "code": f"9{code}",
                    "account_type": kind,
                    "company_ids": [(6, 0, cls.company_a.ids)],
                }
            )
            cls.accounts[code] = account
            cls.map("account", code, account)
        cls.map("entity", "ALDER", cls.company_a)
        cls.map("entity", "BIRCH", cls.company_b)

    @classmethod
    def map(cls, kind, code, target):
        table = cls.env["finance.mapping.table"]._of(kind, cls.company_a, cls.payroll)
        cls.env["finance.mapping.entry"].create(
            {"table_id": table.id, "code": code, "res_id": target.id}
        )

    def document(self, name, amount="100.00", *lines, **values):
        rows = lines or (
            {"account": "6000", "debit": amount, "text": "Wages"},
            {"account": "2000", "credit": amount},
        )
        return {
            "document_id": name,
            "date": "2026-11-25",
            "entity": "ALDER",
            "lines": list(rows),
            **values,
        }

    def hand_over(self, *documents, interface=None, key=None, **batch):
        plain = {"schema_version": 1, "documents": list(documents), **batch}
        return self.bring(json.dumps(plain).encode(), interface or self.journals_in, key)

    def booked(self, name):
        return self.env["treasury.journal.document"].search([("document_ref", "=", name)])

    def codes(self, exchange):
        return sorted(
            exchange.exception_ids.filtered(lambda item: item.state == "open").mapped("code")
        )

    # === BOOKING === #

    def test_document_is_posted_with_mapped_accounts(self):
        exchange = self.hand_over(self.document("PAY-1"))
        document = self.booked("PAY-1")
        self.assertEqual(exchange.work_status, "done")
        self.assertEqual((document.state, document.total_debit), ("posted", 100))
        self.assertEqual(
            document.move_ids.line_ids.account_id, self.accounts["6000"] | self.accounts["2000"]
        )
        self.assertEqual(exchange.result["booked"], 1)

    def test_policy_draft_leaves_a_draft(self):
        interface = self.make_interface("journal_document", self.payroll)
        self.hand_over(self.document("PAY-1"), interface=interface)
        self.assertEqual(self.booked("PAY-1").state, "draft")

    def test_partner_and_tax_are_mapped(self):
        employee = self.env["res.partner"].create({"name": "Employee"})
        self.map("counterparty", "E7", employee)
        tax = self.env["account.tax"].search(
            [("company_id", "=", self.company_a.id), ("type_tax_use", "=", "purchase")], limit=1
        )
        self.map("tax", "VST", tax)
        self.hand_over(
            self.document(
                "EXP-1",
                "",
                {"account": "6000", "debit": "100.00", "tax": "VST"},
                {"account": "2100", "debit": "15.00", "tax": "VST", "tax_line": True},
                {"account": "2000", "credit": "115.00", "partner": "E7"},
            )
        )
        lines = self.booked("EXP-1").move_ids.line_ids
        self.assertEqual(len(lines), 3, "the sender's tax row, and none of Odoo's beside it")
        self.assertEqual(lines.filtered("tax_ids").tax_ids, tax)
        self.assertEqual(lines.filtered("tax_line_id").debit, 15)
        self.assertEqual(lines.filtered("partner_id").partner_id, employee)

    def test_foreign_currency_balances_in_the_companys(self):
        dollar = self.env.ref("base.USD")
        dollar.active = True
        dollar.rate_ids.unlink()
        document = self.document(
            "USD-1",
            "",
            {"account": "6000", "debit": "33.33"},
            {"account": "6000", "debit": "33.33"},
            {"account": "2000", "credit": "66.66"},
            currency="USD",
        )
        exchange = self.hand_over(document)
        self.assertEqual(self.codes(exchange), ["journal_rate_missing"] * 3)
        self.assertFalse(self.booked("USD-1").move_ids)
        self.make_rate("USD", 1.07, "2026-01-01")
        exchange.action_retry()
        exchange._job_process()
        self.assertEqual(self.booked("USD-1").state, "posted")
        self.assertEqual(exchange.work_status, "done")

    # === REFUSING === #

    def test_one_bad_document_books_nothing_of_itself_and_stops_no_other(self):
        exchange = self.hand_over(
            self.document("GOOD"),
            self.document(
                "BAD",
                "",
                {"account": "6000", "debit": "60.00"},
                {"account": "9999", "credit": "50.00"},
                {"account": "7777", "credit": "10.00"},
            ),
            self.document("ALSO GOOD"),
        )
        self.assertEqual(self.booked("GOOD").state, "posted")
        self.assertEqual(self.booked("ALSO GOOD").state, "posted")
        self.assertEqual(self.booked("BAD").state, "refused")
        self.assertEqual(self.codes(exchange), ["mapping_missing"] * 2)
        self.assertIn("row 2", self.booked("BAD").problem_text)
        self.assertIn("row 3", self.booked("BAD").problem_text)
        self.map("account", "9999", self.accounts["2000"])
        self.map("account", "7777", self.accounts["2100"])
        exchange.action_retry()
        exchange._job_process()
        self.assertEqual(self.booked("BAD").state, "posted")
        self.assertEqual(exchange.work_status, "done")
        self.assertEqual(len(self.booked("GOOD").move_ids), 1)

    def test_unbalanced_document_is_refused_with_its_difference(self):
        exchange = self.hand_over(
            self.document(
                "PAY-1",
                "",
                {"account": "6000", "debit": "100.00"},
                {"account": "2000", "credit": "99.99"},
            )
        )
        self.assertEqual(self.codes(exchange), ["journal_not_balanced"])
        self.assertIn("0.01 EUR", exchange.exception_ids.summary)

    def test_balance_is_asked_of_each_currency(self):
        exchange = self.hand_over(
            self.document(
                "PAY-1",
                "",
                {"account": "6000", "debit": "100.00", "currency": "EUR"},
                {"account": "2000", "credit": "100.00", "currency": "USD"},
            )
        )
        self.assertIn("journal_not_balanced", self.codes(exchange))

    def test_locked_period_is_refused(self):
        self.company_a.fiscalyear_lock_date = "2026-12-31"
        exchange = self.hand_over(self.document("PAY-1"))
        self.assertEqual(set(self.codes(exchange)), {"journal_period_closed"})
        self.assertFalse(self.booked("PAY-1").move_ids)

    def test_entity_of_another_company_is_refused(self):
        exchange = self.hand_over(self.document("PAY-1", entity="BIRCH"))
        self.assertIn("journal_entity_foreign", self.codes(exchange))
        self.assertFalse(
            self.env["account.move"].search_count(
                [("company_id", "=", self.company_b.id), ("ref", "=", "PAY-1")]
            )
        )

    def test_control_totals_hold_the_whole_batch(self):
        totals = {"documents": 2, "debit": "200.00", "credit": "200.00"}
        exchange = self.hand_over(self.document("PAY-1"), totals=totals)
        self.assertEqual(self.codes(exchange), ["journal_totals_differ"])
        self.assertFalse(self.booked("PAY-1"))
        self.hand_over(self.document("PAY-1"), self.document("PAY-2"), totals=totals)
        self.assertEqual(self.booked("PAY-1").state, "posted")

    def test_schema_is_kept(self):
        exchange = self.hand_over({**self.document("PAY-1"), "surprise": 1})
        self.assertEqual(self.codes(exchange), ["schema_violation"])

    # === TWICE === #

    def test_number_is_booked_once_whatever_brings_it(self):
        self.hand_over(self.document("PAY-1"))
        again = self.hand_over(self.document("PAY-1"), self.document("PAY-2"))
        self.assertEqual((again.result["booked"], again.result["known"]), (1, 1))
        self.assertEqual(len(self.booked("PAY-1").move_ids), 1)
        changed = self.hand_over(self.document("PAY-1", "200.00"))
        self.assertEqual(self.codes(changed), ["journal_document_changed"])
        self.assertEqual(self.booked("PAY-1").total_debit, 100)

    def test_refused_number_may_come_again_corrected(self):
        self.hand_over(
            self.document(
                "PAY-1",
                "",
                {"account": "6000", "debit": "100.00"},
                {"account": "2000", "credit": "90.00"},
            )
        )
        self.hand_over(self.document("PAY-1"))
        self.assertEqual(self.booked("PAY-1").state, "posted")

    # === TAKEN BACK === #

    def test_reversal_by_the_senders_number(self):
        self.hand_over(self.document("PAY-1"))
        reversal = {"document_id": "PAY-1-R", "date": "2026-11-26", "reverses": "PAY-1"}
        self.hand_over(reversal)
        self.assertEqual(self.booked("PAY-1").state, "reversed")
        lines = (self.booked("PAY-1") | self.booked("PAY-1-R")).move_ids.line_ids
        self.assertEqual(sum(lines.mapped("balance")), 0)
        self.assertEqual(len(lines), 4)
        again = self.hand_over({**reversal, "document_id": "PAY-1-R2"})
        self.assertEqual(self.codes(again), ["journal_reversal_unknown"])

    def test_reversal_before_its_document_waits(self):
        exchange = self.hand_over({"document_id": "R", "date": "2026-11-26", "reverses": "PAY-1"})
        self.assertEqual(self.codes(exchange), ["journal_reversal_unknown"])
        self.hand_over(self.document("PAY-1"))
        exchange.action_retry()
        exchange._job_process()
        self.assertEqual(self.booked("PAY-1").state, "reversed")

    # === CSV === #

    def test_csv_of_a_payroll_system(self):
        interface = self.make_interface(
            "journal_document",
            self.payroll,
            version={
                "settings": {
                    "policy": "post",
                    "delimiter": ";",
                    "decimal_mark": ",",
                    "date_format": "%d.%m.%Y",
                    "columns": {
                        "document_id": "Beleg",
                        "date": "Datum",
                        "account": "Konto",
                        "debit": "Soll",
                        "credit": "Haben",
                        "text": "Text",
                    },
                }
            },
        )
        content = (
            "Beleg;Datum;Konto;Soll;Haben;Text\n"
            "L1;25.11.2026;6000;1.234,50;;Löhne\n"
            "L1;25.11.2026;2000;;1.234,50;Netto\n"
            "L2;25.11.2026;6000;10,00;;x\n"
            "L2;25.11.2026;2000;;9,00;x\n"
            "TOTAL;;;1.244,50;1.243,50;2\n"
        ).encode()
        exchange = self.bring(content, interface)
        self.assertEqual(self.booked("L1").total_debit, 1234.5)
        self.assertEqual(self.booked("L2").state, "refused")
        self.assertEqual(self.codes(exchange), ["journal_not_balanced"])

    def test_csv_without_its_columns_is_refused_whole(self):
        exchange = self.bring(b"a,b\n1,2\n", self.journals_in)
        self.assertEqual(self.codes(exchange), ["journal_batch_invalid"])

    # === WHO MAY === #

    def test_caller_hands_over_through_the_api_and_reads_the_fate(self):
        caller = self.api_user if "api_user" in dir(self) else self.make_caller()
        self.journals_in.api_user_ids = caller
        api = self.env["finance.api"].with_user(caller)
        content = json.dumps({"schema_version": 1, "documents": [self.document("PAY-1")]})
        told = api.submit(self.journals_in.code, "payroll-2026-11", content)
        self.run_jobs()
        self.assertEqual(api.status(told["exchange"])["result"]["booked"], 1)
        self.assertEqual(self.booked("PAY-1").state, "posted")

    def make_caller(self):
        from odoo.tests import new_test_user

        return new_test_user(
            self.env,
            "journal_caller",
            groups="finance_connector_base.group_finance_api",
            company_id=self.company_a.id,
            company_ids=[(6, 0, self.company_a.ids)],
        )

    def test_nobody_edits_a_document_and_other_companies_see_none(self):
        self.hand_over(self.document("PAY-1"))
        document = self.booked("PAY-1")
        with self.assertRaises(AccessError):
            document.sudo().write({"is_booked": False})
        stranger = self.users["viewer", "b"]
        self.assertFalse(
            self.env["treasury.journal.document"]
            .with_user(stranger)
            .search([("id", "=", document.id)])
        )
