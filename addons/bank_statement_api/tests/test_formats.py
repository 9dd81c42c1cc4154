import ast
import base64
import io
from unittest.mock import patch

import openpyxl

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from odoo.addons.bank_statement_api.wizards import bank_statement_profile_try

from .common import DAY, IBAN, StatementCase

OFX = f"""OFXHEADER:100
DATA:OFXSGML
VERSION:102
CHARSET:1252

<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR
<BANKACCTFROM><BANKID>1<ACCTID>{IBAN}<ACCTTYPE>CHECKING</BANKACCTFROM>
<BANKTRANLIST><DTSTART>20260304<DTEND>20260304
<STMTTRN><TRNTYPE>POS<DTPOSTED>20260304<TRNAMT>-12.50<FITID>1<NAME>Café<MEMO>Card 7</STMTTRN>
<STMTTRN><TRNTYPE>FEE<DTPOSTED>20260304<TRNAMT>-1.00<FITID>1<NAME>Fee</STMTTRN>
</BANKTRANLIST><LEDGERBAL><BALAMT>86.50<DTASOF>20260304</LEDGERBAL>
</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
""".encode("cp1252")
QIF = b"!Type:Bank\nD04/03/2026\nT-12.50\nPCafe\n^\nD03/03/2026\nT5.00\nPRefund\n^\n"

CSV = (
    "Tag;Text;Name;Betrag\n25.03.2026;Miete <b>;Vermieter;-1.234,50\n31.02.2026;x;y;1,00\n26.03.2026;z;w;7,00\n"
).encode("cp1252")


@tagged("post_install", "-at_install")
class TestFormats(StatementCase):
    """What people bring by hand, in formats that say less than CAMT, through the upload itself."""

    def upload(self, content, name="statement.txt", user=None, **values):
        user = user or self.operator
        attachment = (
            self.env["ir.attachment"]
            .with_user(user)
            .create({"name": name, "datas": base64.b64encode(content)})
        )
        wizard = (
            self.env["bank.statement.upload"]
            .with_user(user)
            .create(
                {"company_id": self.company_a.id, "attachment_ids": [(4, attachment.id)], **values}
            )
        )
        action = wizard.action_upload()
        exchange = self.env["finance.exchange"].browse(action["res_id"])
        exchange._job_process()
        return exchange

    # === OFX === #

    def test_ofx_is_known_by_its_content_and_booked_once(self):
        exchange = self.upload(OFX, name="holiday.jpg")
        self.assertEqual(exchange.work_status, "done")
        card, fee = self.lines()
        self.assertEqual((card.amount, card.partner_name, card.bank_kind), (-12.5, "Café", "card"))
        self.assertEqual((fee.amount, fee.bank_kind), (-1.0, "fee"))
        self.assertFalse(card.statement_id, "its balance is of the moment, and of no statement")
        balances = self.env["bank.statement.balance"].search([("journal_id", "=", self.journal.id)])
        self.assertEqual((balances.type, balances.amount), ("ITBD", 86.5))
        again = self.upload(OFX + b"\n", name="renamed.ofx")
        self.assertEqual((again.result["lines"], again.result["duplicates"]), (0, 2))

    def test_ofx_and_camt_know_each_others_lines(self):
        self.upload(OFX)
        self.bring(self.file(("-12.50", "Card 7"), ("-1.00", "Fee")))
        self.assertEqual(len(self.lines()), 2)
        self.assertEqual(len(self.lines().statement_id), 1)

    # === QIF === #

    def test_qif_waits_for_what_it_does_not_say_and_goes_on_when_told(self):
        exchange = self.upload(QIF)
        self.assertEqual(exchange.exception_ids.code, "statement_currency")
        self.assertFalse(self.lines())
        told = self.upload(QIF, journal_id=self.journal.id)
        self.assertEqual(told, exchange, "the same bytes are the same exchange")
        waiting = exchange.exception_ids.filtered(
            lambda item: (item.state, item.code) == ("open", "statement_ambiguous")
        )
        self.assertIn("2026-04-03", waiting.summary)
        self.upload(QIF, journal_id=self.journal.id, date_order="dmy")
        self.assertEqual(self.lines().mapped("bank_booking_date"), [DAY, DAY.replace(day=3)])
        self.assertEqual(self.lines().mapped("amount"), [-12.5, 5.0])
        self.assertEqual(exchange.work_status, "done")
        self.upload(QIF, journal_id=self.journal.id, date_order="mdy")
        self.assertEqual(len(self.lines()), 2, "what is booked is not read anew")
        self.assertEqual(exchange.statement_reading["dates"], "dmy", "and it stays known how")

    def test_file_that_a_person_ignored_stays_so_whatever_is_said_of_it(self):
        exchange = self.upload(QIF)
        exchange.exception_ids.with_user(self.operator).action_ignore("Of another bank.")
        exchange._job_process()
        self.upload(QIF, journal_id=self.journal.id, date_order="dmy")
        self.assertFalse(self.lines())

    def test_journal_of_another_company_is_refused(self):
        with self.assertRaises(AccessError):
            self.upload(QIF, user=self.viewer)
        other = self.journals[self.company_b]
        with self.assertRaises(UserError):
            self.upload(QIF, journal_id=other.id)

    def test_feed_says_how_its_files_are_read(self):
        feed = self.make_feed(journal_id=self.journal.id, date_order="dmy", decimal_mark=".")
        exchange, _is_new = self.receive(self.interface, QIF, filename="march.qif")
        exchange._job_process()
        self.assertEqual(exchange.work_status, "done")
        self.assertEqual(self.lines().mapped("amount"), [-12.5, 5.0])
        self.assertEqual(self.env["bank.statement.feed"]._of_exchange(exchange, "march.qif"), feed)

    def test_uploader_is_asked_before_the_feed_and_two_feeds_say_nothing(self):
        self.make_feed(date_order="mdy", decimal_mark=".")
        exchange, _is_new = self.receive(self.interface, QIF, filename="march.qif")
        exchange.statement_reading = {"journal_id": self.journal.id, "dates": "dmy"}
        exchange._job_process()
        self.assertEqual(self.lines().mapped("bank_booking_date"), [DAY, DAY.replace(day=3)])
        self.make_feed()
        self.assertFalse(self.env["bank.statement.feed"]._of_exchange(exchange, "march.qif"))

    def test_reading_by_another_companys_journal_or_profile_counts_for_nothing(self):
        foreign = {
            "journal_id": self.journals[self.company_b].id,
            "profile_id": self.make_profile(company_id=self.company_b.id).id,
        }
        for content, code in ((QIF, "statement_currency"), (CSV, "statement_unknown")):
            exchange, _is_new = self.receive(self.interface, content)
            exchange.statement_reading = foreign
            exchange._job_process()
            self.assertEqual(exchange.exception_ids.code, code)

    def test_upload_of_nothing_says_so(self):
        with self.assertRaisesRegex(UserError, "is empty"):
            self.upload(b"")
        wizard = self.env["bank.statement.upload"].with_user(self.operator)
        with self.assertRaisesRegex(UserError, "at least one"):
            wizard.new({"company_id": self.company_a.id}).action_upload()

    # === TABLES === #

    @classmethod
    def make_profile(cls, **values):
        german = {"booking_date": "Tag", "amount": "Betrag", "partner_name": "Name"}
        return super().make_profile(**(german | values))

    def test_table_is_read_by_its_profile_and_a_bad_row_waits_for_a_person(self):
        profile = self.make_profile()
        exchange = self.upload(CSV, journal_id=self.journal.id, profile_id=profile.id)
        self.assertEqual(self.lines().mapped("amount"), [-1234.5, 7.0])
        self.assertEqual(self.lines()[0].partner_name, "Vermieter")
        [bad] = exchange.exception_ids
        self.assertEqual(
            (bad.code, bad.evidence["row"], bad.evidence["column"]), ("entry_invalid", "3", "Tag")
        )
        self.assertIn("31.02.2026", bad.summary)

    def test_table_without_a_profile_or_with_another_is_refused_whole(self):
        unknown = self.upload(CSV, journal_id=self.journal.id)
        self.assertEqual(unknown.exception_ids.code, "statement_unknown")
        other = self.make_profile(booking_date="Datum")
        wrong = self.upload(CSV + b"\n", journal_id=self.journal.id, profile_id=other.id)
        self.assertEqual(wrong.exception_ids.code, "statement_profile")
        self.assertIn("Datum", wrong.exception_ids.summary)
        self.assertFalse(self.lines())

    def test_workbook_is_known_by_its_content(self):
        book = openpyxl.Workbook()
        for row in (["Tag", "Betrag", "Text", "Name"], [DAY, -3.2, "Coffee", "Bar"]):
            book.active.append(row)
        buffer = io.BytesIO()
        book.save(buffer)
        exchange = self.upload(buffer.getvalue(), journal_id=self.journal.id)
        self.assertEqual(exchange.exception_ids.code, "statement_profile")
        self.upload(
            buffer.getvalue(), journal_id=self.journal.id, profile_id=self.make_profile().id
        )
        self.assertEqual((self.lines().amount, self.lines().bank_channel), (-3.2, "xlsx"))

    def test_profile_of_another_company_does_not_count(self):
        other = self.make_profile(company_id=self.company_b.id)
        with self.assertRaises(UserError):
            self.upload(CSV, profile_id=other.id)
        self.assertFalse(
            self.env["bank.statement.profile"]
            .with_user(self.viewer)
            .search([("id", "=", other.id)])
        )

    def test_profile_is_proposed_looked_at_and_kept(self):
        wizard = (
            self.env["bank.statement.profile.try"]
            .with_user(self.manager)
            .create(
                {
                    "company_id": self.company_a.id,
                    "journal_id": self.journal.id,
                    "file": base64.b64encode(CSV.replace(b"Tag", b"Buchungstag")),
                    "name": "New",
                }
            )
        )
        wizard.action_suggest()
        self.assertEqual((wizard.booking_date, wizard.amount), ("Buchungstag", "Betrag"))
        self.assertIn("-1234.50 EUR", wizard.preview)
        wizard.invalidate_recordset()
        shown = wizard.with_context(bin_size=True).read(["preview", "file"])[0]["preview"]
        self.assertIn("-1234.50 EUR", shown, "as the web client reads it")
        self.assertIn("31.02.2026", wizard.preview, "the row that cannot be read is told")
        self.assertIn("&lt;b&gt;", wizard.preview, "what a bank writes is text and no markup")
        self.assertFalse(self.lines(), "nothing is booked by looking")
        action = wizard.action_save()
        profile = self.env["bank.statement.profile"].browse(action["res_id"])
        self.assertEqual((profile.name, profile.booking_date), ("New", "Buchungstag"))

    def test_wizard_of_profiles_asks_for_what_it_needs(self):
        wizard = self.env["bank.statement.profile.try"].with_user(self.manager)
        empty = wizard.create({"company_id": self.company_a.id})
        with self.assertRaisesRegex(UserError, "Choose a file"):
            empty.action_suggest()
        nonsense = wizard.create(
            {"company_id": self.company_a.id, "file": base64.b64encode(b"no table")}
        )
        with self.assertRaises(UserError):
            nonsense.action_suggest()
        nonsense.write({"booking_date": "Tag", "amount": "Betrag"})
        with self.assertRaisesRegex(UserError, "Give the profile a name"):
            nonsense.action_save()
        with (
            patch.object(bank_statement_profile_try, "MAX_BYTES", 4),
            self.assertRaisesRegex(UserError, "smaller file"),
        ):
            nonsense.action_suggest()
        with self.assertRaises(AccessError):
            nonsense.with_user(self.operator).action_look()

    def test_fee_and_reversal_of_a_row_are_booked_as_the_profile_says(self):
        profile = self.make_profile(
            fee="Gebühr", fees="minus", reversal="Art", reversal_words="Storno, R"
        )
        content = (
            "Tag;Text;Name;Betrag;Gebühr;Art\n"
            "25.03.2026;Miete;Vermieter;-100,00;0,50;\n26.03.2026;x;y;7,00;;storno\n"
        ).encode()
        exchange = self.upload(content, profile_id=profile.id, journal_id=self.journal.id)
        self.assertEqual(exchange.work_status, "done")
        lines = self.lines().sorted("bank_booking_date")
        self.assertEqual(lines.mapped("amount"), [-100.5, 7.0])
        self.assertEqual(lines.mapped("bank_reversal"), [False, True])
        self.assertIn("-0.50 EUR, inside the booked amount", lines[0].bank_facts)

    def test_table_of_a_day_without_bookings_books_nothing_and_is_done(self):
        profile = self.make_profile()
        exchange = self.upload(
            b"Tag;Text;Name;Betrag\n", profile_id=profile.id, journal_id=self.journal.id
        )
        self.assertEqual((exchange.work_status, exchange.exception_ids.ids), ("done", []))
        self.assertFalse(self.lines())

    def test_letters_are_read_as_the_uploader_or_the_feed_says(self):
        content = QIF.replace(b"Cafe", "Łukasz".encode("cp1250"))
        told = {"journal_id": self.journal.id, "date_order": "dmy"}
        self.upload(content, encoding="cp1250", **told)
        self.assertEqual(self.lines()[0].partner_name, "Łukasz")
        self.make_feed(encoding="iso8859-2", decimal_mark=".", **told)
        other = content.replace(b"04/03", b"14/03").replace(b"03/03", b"13/03")
        exchange, _is_new = self.receive(self.interface, other, filename="march.qif")
        exchange._job_process()
        later = self.lines().sorted("bank_booking_date")[-1]
        self.assertEqual(later.partner_name, "Łukasz")

    def test_profile_is_complete(self):
        for values in (
            {"amount": False},
            {"booking_date": False},
            {"debit": "Soll"},
            {"indicator": "S/H"},
            {"fee": "Gebühr"},
            {"reversal": "Storno"},
            {"skip": -1},
            {"skip_end": -1},
        ):
            with self.subTest(values), self.assertRaises(ValidationError):
                self.make_profile(**values)

    # === WHAT THE BANK SAID === #

    def test_everything_the_document_keeps_can_be_seen_and_searched(self):
        content = self.file(("-50.00", "Invoice 1")).replace(
            b"<NtryDtls><TxDtls>",
            b"<NtryDtls><TxDtls><Refs><InstrId>INSTR7</InstrId><EndToEndId>E2E7</EndToEndId>"
            b"<MndtId>MNDT7</MndtId></Refs><AmtDtls><InstdAmt><Amt Ccy='USD'>55.00</Amt>"
            b"<CcyXchg><SrcCcy>USD</SrcCcy><TrgtCcy>EUR</TrgtCcy><XchgRate>1.1</XchgRate></CcyXchg>"
            b"</InstdAmt></AmtDtls><Chrgs><Rcrd><Amt Ccy='EUR'>1.50</Amt>"
            b"<CdtDbtInd>DBIT</CdtDbtInd><ChrgInclInd>true</ChrgInclInd></Rcrd></Chrgs>",
        )
        self.bring(content)
        line = self.lines().with_user(self.viewer)
        self.assertEqual((line.end_to_end_id, line.mandate_id), ("E2E7", "MNDT7"))
        for word in ("INSTR7", "55.00 USD", "1.1 USD/EUR", "-1.50 EUR", "inside the booked amount"):
            self.assertIn(word, line.bank_facts)
        for field, value in (("mandate_id", "MNDT7"), ("account_servicer_ref", "REF10")):
            self.assertEqual(
                line.search([(field, "=", value), ("journal_id", "=", self.journal.id)]), line
            )

    # === POLICIES === #

    def make_feed(self, **values):
        return self.env["bank.statement.feed"].create(
            {
                "name": "Files",
                "kind": "files",
                "interface_id": self.interface.id,
                "filename_pattern": "*",
                **values,
            }
        )

    def broken(self):
        return self.file(("50.00", "Invoice 1")).replace(b">150.00<", b">151.00<")

    def held(self):
        action = self.env.ref("bank_statement_api.finance_exception_action_held")
        return self.env["finance.exception"].search(
            [("company_id", "=", self.company_a.id), *self._domain_of(action)]
        )

    def _domain_of(self, action):
        return ast.literal_eval(action.domain)

    def test_statement_that_does_not_balance_is_held_with_both_figures(self):
        self.bring(self.broken())
        self.assertFalse(self.lines())
        held = self.held().with_user(self.operator)
        self.assertEqual((held.expected_figure, held.actual_figure), ("150.00", "151.00"))
        self.assertTrue(held.next_step)
        held.action_resolve("The bank confirmed it by telephone.")
        held.exchange_id.sudo()._job_process()
        self.assertEqual(self.lines().amount, 50.0)
        self.assertEqual(self.lines().statement_id.balance_end_real, 151.0)

    def test_feed_may_book_it_with_an_exception_and_that_is_audited(self):
        self.make_feed(imbalance_policy="book")
        exchange = self.bring(self.broken())
        self.assertEqual(self.lines().amount, 50.0)
        self.assertEqual(exchange.work_status, "exception", "a person still looks at it")
        self.assertEqual(self.held().state, "open")
        event = self.env["finance.audit.event"].search(
            [("action", "=", "statement.booked_by_policy"), ("exchange_id", "=", exchange.id)]
        )
        self.assertEqual(len(event), 1)
        self.assertIn("151.00", str(event.details))

    def test_policy_of_another_interface_does_not_count(self):
        other = self.make_interface("bank_statement", self.connection)
        self.make_feed(imbalance_policy="book", interface_id=other.id)
        self.bring(self.broken())
        self.assertFalse(self.lines())

    def test_batches_by_the_policy_of_the_feed(self):
        detail = (
            b'<TxDtls><Amt Ccy="EUR">15.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></TxDtls></NtryDtls>'
        )
        content = self.file(("30.00", "Batch"))
        content = content.replace(b"</NtryDtls>", detail.replace(b"</NtryDtls>", b"") + detail)
        head, _sep, rest = content.partition(b"<NtryDtls>")
        content = head + b"<NtryDtls>" + rest[rest.index(b"</TxDtls>") + 9 :]
        savepoint = self.env.cr.savepoint()
        self.bring(content)
        self.assertEqual(self.lines().mapped("amount"), [15.0, 15.0])
        savepoint.close(rollback=True)
        self.env.invalidate_all()
        self.make_feed(details_policy="single")
        self.bring(content, key="single")
        self.assertEqual(self.lines().mapped("amount"), [30.0])

    def test_departure_from_the_schema_is_said_on_the_statement(self):
        content = self.file(("50.00", "Invoice 1")).replace(
            b"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08", b"urn:bank:camt.053.001.08"
        )
        exchange = self.bring(content)
        self.assertEqual((exchange.work_status, exchange.result["remarks"]), ("done", 1))
        statement = self.lines().statement_id.with_user(self.viewer)
        self.assertIn("urn:bank", statement.bank_remarks)
