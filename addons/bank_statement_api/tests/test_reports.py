import itertools
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from odoo.tests import tagged

from odoo.addons.bank_statement_api.tools import transaction_kinds
from odoo.addons.bank_statement_api.tools.documents import (
    AccountRef,
    Batch,
    Detail,
    Party,
    Position,
    Statement,
    StructuredReference,
    Transaction,
)

from .camt_writer import Line, write
from .common import DAY, IBAN, StatementCase


@tagged("post_install", "-at_install")
class TestReports(StatementCase):
    """Intraday reports, statements and notifications of one day, in whatever order they come: every booking once."""

    def report(self, *lines, **kwargs):
        return self.file(*lines, kind="report", **kwargs)

    def notification(self, amount="30.00", *, servicer_ref="BATCH", message_id="N1", before=()):
        """A CAMT.054 with two payments of one entry, which others may stand before by their names."""
        half = Decimal(amount) / 2
        details = tuple(
            Detail(
                amount=half,
                currency="EUR",
                end_to_end_id=f"E2E{number}",
                counterparty=Party(name=f"Customer {number}", bic="COBADEFFXXX"),
                structured=(StructuredReference(value="RF18539007547034", type="SCOR"),),
            )
            for number in (1, 2)
        )
        line = Transaction(
            amount=Decimal(amount),
            currency="EUR",
            status="booked",
            booking_date=DAY,
            position=Position(statement=1, entry=1),
            batch=Batch(entry_amount=Decimal(amount), message_id="PAIN1", number_of_transactions=2),
            details=details,
        )
        return write(
            [
                Statement(
                    account=AccountRef(iban=IBAN, currency="EUR"),
                    source_format="camt054",
                    source_version="08",
                    kind="notification",
                    message_id=message_id,
                    statement_id="N1",
                    transactions=tuple(
                        replace(
                            line,
                            account_servicer_ref=name,
                            position=Position(statement=1, entry=number),
                        )
                        for number, name in enumerate((*before, servicer_ref), start=1)
                    ),
                )
            ]
        )

    @property
    def notifications(self):
        return self.env["bank.statement.notification"].search(
            [("journal_id", "=", self.journal.id)]
        )

    def pending(self):
        return self.env["bank.statement.pending"].search(
            [("journal_id", "=", self.journal.id), ("state", "=", "announced")]
        )

    # === REPORTS === #

    def test_statement_recognises_what_a_report_booked(self):
        booked = Line(DAY, Decimal("50.00"), "Invoice 1", reference="R1")
        announced = Line(DAY, Decimal("-7.00"), "Card", status="pending")
        report = self.bring(self.report(booked, announced))
        self.assertEqual(report.work_status, "done")
        line = self.lines()
        self.assertEqual((line.amount, line.bank_document_kind), (50.0, "report"))
        self.assertFalse(line.statement_id, "a report is no statement and states none")
        self.assertEqual(self.pending().amount, -7.0)
        card = Line(DAY, Decimal("-7.00"), "Card", reference="R2")
        statement = self.bring(self.file(booked, card))
        self.assertEqual((statement.result["lines"], statement.result["duplicates"]), (1, 1))
        self.assertEqual(self.lines().mapped("amount"), [50.0, -7.0])
        self.assertEqual(len(self.lines().statement_id), 1)
        self.assertTrue(self.lines().statement_id.is_valid)
        self.assertFalse(self.pending(), "what was announced is booked")

    def test_report_after_the_statement_brings_nothing_back(self):
        booked = Line(DAY, Decimal("50.00"), "Invoice 1", reference="R1")
        self.bring(self.file(booked))
        late = self.bring(
            self.report(booked, Line(DAY, Decimal("-7.00"), "Card", status="pending"))
        )
        self.assertEqual(late.result["lines"], 0)
        self.assertEqual(len(self.lines()), 1)
        self.assertFalse(self.pending(), "the day is closed: what was pending in it is decided")

    def test_report_of_the_next_day_announces_what_is_new(self):
        self.bring(self.file(("50.00", "Invoice 1")))
        day = DAY + timedelta(days=1)
        content = self.report(Line(day, Decimal("-7.00"), "Card", status="pending"))
        self.bring(content)
        self.assertEqual(self.pending().amount, -7.0)

    def test_reports_of_a_day_overlap_and_number_in_their_own_way(self):
        first = Line(DAY, Decimal("50.00"), "Invoice 1", reference="R1")
        second = Line(DAY, Decimal("8.00"), "Invoice 2", reference="R2")
        self.bring(self.report(first, sequence=11))
        self.bring(self.report(first, second, sequence=14))
        self.bring(self.report(second, sequence=12))
        statement = self.bring(self.file(first, second, sequence=1))
        self.assertEqual(statement.work_status, "done", "no chain holds a statement to its reports")
        self.assertEqual(len(self.lines()), 2)

    def test_reported_booking_that_the_statement_does_not_hold_is_asked_about(self):
        gone = Line(DAY, Decimal("99.00"), "Taken back", reference="R9")
        kept = Line(DAY, Decimal("50.00"), "Invoice 1", reference="R1")
        self.bring(self.report(kept, gone))
        self.bring(self.file(kept))
        line = self.lines().filtered(lambda line: line.amount == 99.0)
        domain = [("code", "=", "report_unconfirmed"), ("res_id", "=", line.id)]
        [exception] = self.env["finance.exception"].search(domain)
        self.assertEqual((exception.state, exception.evidence["amount"]), ("open", "99.0"))
        # It comes with the next statement of the day: the question closes itself.
        self.bring(self.file(gone, opening=Decimal("150.00"), sequence=2))
        self.assertEqual(exception.state, "resolved")
        self.assertEqual(len(self.lines()), 2)

    def test_what_a_person_said_of_a_reported_booking_holds(self):
        gone = Line(DAY, Decimal("99.00"), "Taken back", reference="R9")
        later = Line(DAY + timedelta(days=1), Decimal("7.00"), "Tomorrow", reference="R7")
        self.bring(self.report(gone, later))
        self.bring(self.file(("5.00", "x")))
        domain = [("code", "=", "report_unconfirmed")]
        exception = self.env["finance.exception"].search(domain)
        self.assertEqual(exception.evidence["amount"], "99.0", "the other day has no statement yet")
        exception.with_user(self.operator).action_resolve("The bank took it back.")
        self.bring(self.file(("6.00", "y"), opening=Decimal("105.00"), sequence=2))
        self.assertEqual(self.env["finance.exception"].search(domain), exception)
        self.assertEqual(exception.state, "resolved")

    def test_every_balance_is_kept_as_stated(self):
        balance = (
            b'<Bal><Tp><CdOrPrtry><Prtry>Overnight</Prtry></CdOrPrtry></Tp><Amt Ccy="EUR">77.00</Amt>'
            b"<CdtDbtInd>DBIT</CdtDbtInd><Dt><Dt>2026-03-04</Dt></Dt></Bal><TxsSummry>"
        )
        self.bring(self.file(("50.00", "Invoice 1")).replace(b"<TxsSummry>", balance, 1))
        balances = self.env["bank.statement.balance"].search([("journal_id", "=", self.journal.id)])
        self.assertEqual(
            {item.type_name: item.amount for item in balances},
            {"Opening booked": 100.0, "Closing booked": 150.0, "Overnight": -77.0},
        )

    def test_every_kind_of_transaction_has_words(self):
        field = self.env["account.bank.statement.line"]._fields["bank_kind"]
        self.assertEqual(set(dict(field.selection)), set(transaction_kinds.KINDS))

    # === NOTIFICATIONS === #

    def test_notification_brings_details_whichever_comes_first(self):
        entry = Line(DAY, Decimal("30.00"), "Collective credit", reference="BATCH")
        documents = {
            "report": self.report(entry),
            "statement": self.file(entry),
            "notification": self.notification(),
        }
        results = {}
        for order in itertools.permutations(documents):
            savepoint = self.env.cr.savepoint()
            for name in order:
                exchange = self.bring(documents[name], key=f"{name}-{'-'.join(order)}")
                self.assertEqual(exchange.work_status, "done", order)
            line = self.lines()
            details = line.transaction_details["details"]
            results[order] = (
                line.mapped("amount"),
                len(line.statement_id),
                [detail["end_to_end_id"] for detail in details],
                self.notifications.mapped("state"),
            )
            savepoint.close(rollback=True)
            self.env.invalidate_all()
        expected = ([30.0], 1, ["E2E1", "E2E2"], ["attached"])
        self.assertEqual(results, dict.fromkeys(results, expected))
        self.assertEqual(len(results), 6)

    def test_notification_without_its_entry_waits_and_books_nothing(self):
        exchange = self.bring(self.notification())
        self.assertFalse(self.lines())
        self.assertEqual(exchange.work_status, "done")
        other = self.bring(self.notification(amount="31.00", message_id="N2"))
        again = self.bring(self.notification(message_id="N3", before=("FIRST",)), key="moved")
        self.assertEqual(
            [each.result["notifications"] for each in (other, again)],
            [1, 1],
            "where it stands in its file is not what it says",
        )
        self.notifications.filtered(lambda notice: notice.exchange_id != exchange).unlink()
        waiting = self.notifications.with_user(self.viewer)
        self.assertEqual((waiting.state, waiting.payment_count), ("waiting", 2))
        self.assertIn("not booked yet", waiting.waiting_reason)
        # An equal amount is no proof: the bank's names differ.
        self.bring(self.file(Line(DAY, Decimal("30.00"), "Another", reference="OTHER")))
        self.assertEqual(self.notifications.state, "waiting")

    def test_notification_sent_again_is_kept_once(self):
        self.bring(self.notification())
        again = self.bring(self.notification(), key="again")
        self.assertEqual(again.result["notifications"], 0)
        self.assertEqual(len(self.notifications), 1)

    def test_notification_that_several_entries_share_a_name_with_is_not_guessed(self):
        entries = [
            Line(DAY, Decimal("30.00"), "Collective credit", end_to_end_id="SAME", reference=name)
            for name in ("A", "B")
        ]
        self.bring(self.file(*entries))
        single = write(
            [
                Statement(
                    account=AccountRef(iban=IBAN, currency="EUR"),
                    source_format="camt054",
                    source_version="08",
                    kind="notification",
                    message_id="N7",
                    transactions=(
                        Transaction(
                            amount=Decimal("30.00"),
                            currency="EUR",
                            status="booked",
                            booking_date=DAY,
                            position=Position(statement=1, entry=1),
                            end_to_end_id="SAME",
                        ),
                    ),
                )
            ]
        )
        self.bring(single)
        self.assertEqual(self.notifications.state, "waiting")
        self.assertIn("Several", self.notifications.waiting_reason)

    def test_notification_never_changes_what_the_statement_said(self):
        entry = Line(
            DAY, Decimal("30.00"), "Rent", reference="BATCH", name="Tenant", end_to_end_id="OWN"
        )
        self.bring(self.file(entry))
        before = self.lines().read(["amount", "date", "payment_ref", "partner_name", "fingerprint"])
        self.bring(self.notification())
        line = self.lines()
        self.assertEqual(
            line.read(["amount", "date", "payment_ref", "partner_name", "fingerprint"]), before
        )
        self.assertEqual(line.end_to_end_id, "OWN")
        self.assertEqual(len(line.transaction_details["details"]), 2)

    def test_reference_in_a_notification_makes_the_match_certain(self):
        self.bring(self.file(Line(DAY, Decimal("42.00"), "Credit", reference="S1")))
        invoice = self.make_invoice(42.0)
        self.match()
        self.assertEqual(self.lines().match_state, "no_evidence")
        self.bring(
            self.file(
                Line(DAY, Decimal("42.00"), invoice.name, reference="S1"), kind="notification"
            )
        )
        self.match()
        self.assertEqual((self.lines().match_state, invoice.payment_state), ("matched", "paid"))

    def test_notification_of_another_company_is_not_seen(self):
        self.bring(self.notification())
        stranger = self.users["viewer", "b"]
        self.assertFalse(self.env["bank.statement.notification"].with_user(stranger).search([]))
