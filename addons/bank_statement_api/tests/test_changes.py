import json
from datetime import timedelta
from decimal import Decimal

from odoo.tests import tagged

from odoo.addons.bank_statement_api.tools import api_bodies, plaid
from odoo.addons.bank_statement_api.tools.documents import AccountRef

from .common import DAY, IBAN, StatementCase


@tagged("post_install", "-at_install")
class TestChanges(StatementCase):
    """An interface that reports changes: booked once under any name, and never corrected behind a person's back."""

    def sync(self, added=(), modified=(), removed=(), iban=IBAN, **facts):
        """What one synchronisation with Plaid brings, booked.

        :param added: tuples of id, amount and perhaps further values
        """

        def record(identifier, amount, **values):
            return {
                "transaction_id": identifier,
                "account_id": "acc",
                # Money that leaves the account is positive there.
                "amount": float(-Decimal(amount)),
                "iso_currency_code": "EUR",
                "date": DAY.isoformat(),
                "pending": False,
                "name": "Coffee",
                **values,
            }

        page = {
            "added": [record(*row[:2], **(row[2] if len(row) > 2 else {})) for row in added],
            "modified": [record(*row[:2], **(row[2] if len(row) > 2 else {})) for row in modified],
            "removed": [{"transaction_id": name} for name in removed],
            "next_cursor": "c",
            "has_more": False,
        }
        content = api_bodies.pack(
            plaid.CODE,
            AccountRef(iban=iban, currency="EUR"),
            {"pages": [json.dumps(page).encode()]},
            account_id="acc",
            **facts,
        )
        return self.bring(content)

    def open_codes(self):
        return sorted(
            self.env["finance.exception"]
            .search([("state", "in", ("open", "in_progress")), ("code", "like", "booking_")])
            .mapped("code")
        )

    def pending(self):
        return sorted(
            self.env["bank.statement.pending"]
            .search([("journal_id", "=", self.journal.id), ("state", "=", "announced")])
            .mapped("amount")
        )

    def test_two_equal_bookings_with_two_ids_are_two(self):
        self.sync([("t1", "-3.00"), ("t2", "-3.00")])
        self.sync([("t3", "-3.00")])
        self.assertEqual(self.lines().mapped("amount"), [-3.0] * 3)

    def test_same_booking_delivered_again_is_booked_once(self):
        for _time in range(2):
            self.sync([("t1", "-3.00")])
        self.sync(modified=[("t1", "-3.00", {"name": "Coffee, better described"})])
        self.assertEqual(len(self.lines()), 1)
        self.assertEqual(self.open_codes(), [])

    def test_changed_figure_is_asked_about_and_not_booked_twice(self):
        self.sync([("t1", "-3.00")])
        exchange = self.sync(modified=[("t1", "-4.00")])
        self.assertEqual(self.lines().mapped("amount"), [-3.0])
        [exception] = exchange.exception_ids
        self.assertEqual(exception.code, "booking_changed")
        self.assertIn("4.00", str(exception.evidence))
        exception.with_user(self.operator).action_resolve("Corrected by hand.")
        exchange._job_process()
        self.assertEqual((exchange.work_status, len(self.lines())), ("done", 1))

    def test_what_a_file_brought_first_is_known_by_the_interfaces_id_from_then_on(self):
        """Whoever names it first: what the interface changes or takes back later is asked about."""
        self.bring(self.file(("-3.00", "Coffee")))
        self.sync([("t1", "-3.00")])
        self.assertEqual((len(self.lines()), self.open_codes()), (1, []))
        self.sync(modified=[("t1", "-4.00")])
        self.assertEqual(self.lines().mapped("amount"), [-3.0])
        self.assertEqual(self.open_codes(), ["booking_changed"])
        self.sync(modified=[("t1", "-3.00", {"date": (DAY + timedelta(days=1)).isoformat()})])
        self.assertEqual(len(self.lines()), 1)
        self.sync(removed=["t1"])
        self.assertIn("booking_withdrawn", self.open_codes())

    def test_booking_with_a_new_name_stays_one_line_under_that_name(self):
        self.sync([("t1", "-3.00")])
        self.sync([("t2", "-3.00")], removed=["t1"])
        self.assertEqual(len(self.lines()), 1)
        self.assertEqual(self.open_codes(), [])
        # As when everything is read anew.
        self.sync([("t2", "-3.00")])
        self.assertEqual(len(self.lines()), 1)

    def test_access_given_anew_with_new_names_for_all_books_nothing_twice(self):
        self.sync([("t1", "-3.00"), ("t2", "-3.00"), ("t3", "-5.00")], history="whole")
        again = [("n1", "-3.00"), ("n2", "-3.00"), ("n3", "-5.00"), ("n4", "-3.00")]
        for _time in range(2):
            self.sync(again, history="whole")
            self.assertEqual(sorted(self.lines().mapped("amount")), [-5.0, -3.0, -3.0, -3.0])
        self.sync([("n5", "-3.00")])
        self.assertEqual(len(self.lines()), 5)

    def test_history_read_anew_knows_a_booking_by_its_name_however_it_is_worded(self):
        self.sync([("t1", "-3.00")], history="whole")
        again = self.sync([("t1", "-3.00", {"name": "Flat white"})], history="whole")
        self.assertEqual((again.work_status, again.result["duplicates"]), ("done", 1))
        self.assertEqual(self.lines().mapped("amount"), [-3.0])

    def test_booking_taken_back_for_good_is_asked_about(self):
        self.sync([("t1", "-3.00"), ("t2", "-5.00")])
        exchange = self.sync(removed=["t1"])
        self.assertEqual(len(self.lines()), 2, "nothing is deleted by itself")
        self.assertEqual(exchange.exception_ids.mapped("code"), ["booking_withdrawn"])

    def test_pending_changes_one_by_one(self):
        waiting = {"pending": True}
        self.sync([("p1", "-3.00", waiting), ("p2", "-5.00", waiting)])
        self.assertEqual(self.pending(), [-5.0, -3.0])
        self.sync([("p3", "-7.00", waiting)])
        self.assertEqual(self.pending(), [-7.0, -5.0, -3.0], "what is not mentioned is as it was")
        self.sync([("t1", "-3.00", {"pending_transaction_id": "p1"})], removed=["p1"])
        self.assertEqual(self.pending(), [-7.0, -5.0])
        self.sync(removed=["p2"])
        self.assertEqual(self.pending(), [-7.0])
        self.assertEqual(self.lines().mapped("amount"), [-3.0])
        self.assertEqual(self.open_codes(), [], "a pending one was never booked")
        self.sync([("p1", "-3.00", waiting)])
        self.assertEqual(self.pending(), [-7.0], "it is booked, whatever the bank announces")

    def test_changed_day_is_asked_about_as_well(self):
        self.sync([("t1", "-3.00")])
        later = (DAY + timedelta(days=1)).isoformat()
        exchange = self.sync(modified=[("t1", "-3.00", {"date": later})])
        self.assertEqual(exchange.exception_ids.mapped("code"), ["booking_changed"])
        self.assertEqual((len(self.lines()), exchange.result["refused"]), (1, 1))

    def test_booking_taken_back_is_asked_about_once(self):
        self.sync([("t1", "-3.00")])
        exchange = self.sync(removed=["t1"])
        exchange.exception_ids.with_user(self.operator).action_resolve("Reversed by hand.")
        exchange._job_process()
        self.assertEqual((exchange.work_status, len(exchange.exception_ids)), ("done", 1))

    def test_same_id_on_another_account_is_another_booking(self):
        self.sync([("t1", "-3.00")])
        number = "AT611904300234573201"
        other = self.make_journal(self.company_a, number, code="TAT")
        self.sync([("t1", "-4.00")], iban=number)
        self.assertEqual((self.lines(other).amount, self.open_codes()), (-4.0, []))
        self.sync(removed=["t1"], iban=number)
        [exception] = self.env["finance.exception"].search([("code", "=", "booking_withdrawn")])
        self.assertEqual(exception.res_id, self.lines(other).id)

    def test_booking_of_a_file_keeps_the_name_the_file_gave(self):
        self.bring(self.file(("-3.00", "Coffee")))
        name = self.lines().provider_uid
        self.sync([("t1", "-3.00")])
        self.assertEqual((self.lines().provider_uid, name[:4]), (name, "asr:"))
