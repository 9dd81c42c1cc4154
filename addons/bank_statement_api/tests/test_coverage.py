import random
from datetime import timedelta
from decimal import Decimal

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.bank_statement_api.models import bank_statement_coverage as coverage_model
from odoo.addons.bank_statement_api.tools import coverage

from .camt_writer import Line
from .common import DAY, IBAN, StatementCase

MONDAY = DAY - timedelta(days=2)


@tagged("post_install", "-at_install")
@freeze_time("2026-03-09 09:00:00")
class TestCoverage(StatementCase):
    """The proof of each day follows what is booked, as it is now, in the viewer's companies and nowhere else."""

    def statement(self, number, amount, opening, **kwargs):
        line = Line(MONDAY + timedelta(days=number), Decimal(amount), "x", reference=f"R{number}")
        return self.bring(self.file(line, opening=Decimal(opening), sequence=number + 1, **kwargs))

    def days(self, user=None, journal=None):
        model = self.env["bank.statement.coverage"].with_user(user or self.viewer)
        answer = model.get_coverage("2026-03-02", "2026-03-08")
        found = {account["id"]: account["days"] for account in answer["accounts"]}
        return found.get((journal or self.journal).id)

    def day(self, number):
        model = self.env["bank.statement.coverage"].with_user(self.viewer)
        return model.get_day(self.journal.id, (MONDAY + timedelta(days=number)).isoformat())

    def test_chain_is_complete_and_what_never_came_is_missing(self):
        self.assertEqual(self.days(), "-------")
        self.statement(0, "5.00", "100.00")
        self.statement(1, "-2.00", "105.00")
        self.assertEqual(self.days(), "ccmmm--")
        proof = self.day(1)
        self.assertEqual(
            (proof["opening"], proof["count"], proof["total"], proof["closing"], proof["numbers"]),
            ("105.00", 1, "-2.00", "103.00", [2]),
        )
        self.assertEqual(proof["notes"], [])

    def test_line_that_somebody_changed_breaks_its_day(self):
        self.statement(0, "5.00", "100.00")
        self.statement(1, "-2.00", "105.00")
        self.lines()[1].amount = -3.0
        self.assertEqual(self.days(), "cbmmm--")
        [note] = self.day(1)["notes"]
        self.assertIn("102.00", note)
        self.assertIn("103.00", note)
        self.assertEqual(Decimal(self.day(1)["difference"]), 1)
        model = self.env["bank.statement.coverage"].with_user(self.viewer)
        for day, found in (("2026-03-02", 0), ("2026-03-03", 1)):
            self.assertEqual(model.get_coverage(day, day, only_open=True)["total"], found)

    def test_balance_of_another_kind_or_currency_proves_no_day(self):
        self.statement(0, "5.00", "100.00")
        balances = self.env["bank.statement.balance"].search([("journal_id", "=", self.journal.id)])
        closing = balances.filtered(lambda balance: balance.type == "CLBD")
        dollar = self.env.ref("base.USD").id
        for values in ({"currency_id": dollar}, {"document_kind": "report"}, {"type": "ITBD"}):
            with self.subTest(values), self.env.cr.savepoint() as savepoint:
                closing.copy({"date": DAY, "electronic_sequence": 9, **values})
                self.assertEqual(self.days(), "cmmmm--")
                savepoint.rollback()
            self.env.invalidate_all()
        # Nor is what is none the opening of the statement.
        opening = balances - closing
        opening.date -= timedelta(days=1)
        other, _is_new = self.receive(self.interface, b"another file")
        for values in (
            {"currency_id": dollar},
            {"electronic_sequence": 9},
            {"type": "CLAV"},
            {"exchange_id": other.id},
        ):
            with self.subTest(values), self.env.cr.savepoint() as savepoint:
                opening.copy({"amount": 7.0, "date": closing.date, **values})
                self.assertEqual((self.days(), self.day(0)["opening"]), ("cmmmm--", "100.00"))
                savepoint.rollback()
            self.env.invalidate_all()
        opening.type = "PRCD"
        self.assertEqual(self.day(0)["opening"], "100.00", "the closing before it")

    def test_held_statement_is_broken_until_the_missing_one_comes(self):
        self.statement(0, "5.00", "100.00")
        held = self.statement(2, "1.00", "103.00")
        self.assertEqual(held.work_status, "exception")
        self.assertEqual(self.days(), "cmbmm--")
        self.assertIn("A document waits", self.day(2)["notes"][0])
        self.statement(1, "-2.00", "105.00")
        held._job_process()
        self.assertEqual(self.days(), "cccmm--")

    def test_calendar_of_the_account_says_when_something_is_missing(self):
        self.statement(0, "5.00", "100.00")
        self.journal.bank_calendar = "daily"
        self.assertEqual(self.days(), "cmmmmmm")

    def test_days_that_an_interface_covered_or_lacks(self):
        """A feed whose window reaches over a day proves nothing of it, but a gap of it says what is missing."""
        interface = self.make_interface(
            "bank_statement", self.make_connection("nextgenpsd2", endpoint="https://bank.example")
        )
        feed = self.env["bank.statement.feed"].create(
            {
                "name": "Feed",
                "interface_id": interface.id,
                "journal_id": self.journal.id,
                "resource_ref": "r1",
            }
        )
        feed.sudo().covered_until = MONDAY + timedelta(days=2)
        self.env.flush_all()
        self.env.cr.execute("UPDATE bank_statement_feed SET create_date = %s", [MONDAY])
        feed.invalidate_recordset(["create_date"])
        self.assertEqual(self.days(), "cccmm--")
        gap = self.env["bank.statement.gap"].create(
            {
                "feed_id": feed.id,
                "date_from": MONDAY,
                "date_to": MONDAY,
                "reason": "Down.",
            }
        )
        self.assertEqual(self.days(), "mccmm--")
        feed.is_fallback = True
        self.assertEqual(self.days(), "cccmm--", "what took over from it fetches the day")
        feed.is_fallback = False
        gap.closed_at = "2026-03-09 08:00:00"
        self.assertEqual(self.days(), "cccmm--")

    def test_days_are_proven_from_few_rows_as_from_all_that_was_ever_stated(self):
        exchanges = self.env["finance.exchange"]
        for number in range(9):
            exchanges |= exchanges._receive(
                self.interface, f"chain-{number}", b"%d" % number, source="upload"
            )[0]
        lines = self.env["account.bank.statement.line"].create(
            [
                {"journal_id": self.journal.id, "amount": 1.0, "payment_ref": "x", "date": DAY}
                for _number in range(30)
            ]
        )
        seen = set()
        for seed in range(12):
            with self.subTest(seed), self.env.cr.savepoint() as savepoint:
                self.scatter(random.Random(seed), lines, exchanges)
                seen |= self.compare_windows()
                savepoint.rollback()
        self.assertLessEqual({"c", "m", "b", "-"}, seen)

    def scatter(self, dice, lines, exchanges):
        """State balances and book lines at random, which no bank would: anything may have happened to them since."""

        def day(first=-8, last=30):
            return MONDAY + timedelta(days=dice.randrange(first, last))

        bound = dice.random()
        model = self.env["bank.statement.balance"]
        statements = self.env["account.bank.statement"]
        for number in range(dice.choice((0, 3, 6, 9))):
            closing = day(0)
            exchange = dice.choice(exchanges)
            common = {
                "journal_id": self.journal.id,
                "currency_id": self.company_a.currency_id.id,
                "electronic_sequence": number % 5,
                "exchange_id": exchange.id,
            }
            for _sent_again in range(dice.choice((1, 1, 2))):
                if not model.search_count(
                    [*((key, "=", value) for key, value in common.items()), ("date", "=", closing)]
                ):
                    model.create(
                        {**common, "type": "CLBD", "amount": dice.randrange(3), "date": closing}
                    )
                    if dice.random() < 0.7:
                        opening = closing - timedelta(days=dice.choice((0, 1, 4)))
                        model.create(
                            {**common, "type": "OPBD", "amount": dice.randrange(3), "date": opening}
                        )
                common["exchange_id"] = dice.choice(exchanges).id
            statement = statements.create({"name": f"S{number}"})
            self.env.cr.execute(
                "UPDATE account_bank_statement SET bank_date = %s, journal_id = %s WHERE id = %s",
                [closing, self.journal.id, statement.id],
            )
            statements |= statement
        for line in lines:
            self.env.cr.execute(
                "UPDATE account_bank_statement_line"
                " SET bank_booking_date = %s, amount = %s, exchange_id = %s, statement_id = %s WHERE id = %s",
                [
                    dice.choice((None, day(), day(), day())),
                    dice.choice((-1, 0, 0, 1)),
                    dice.choice((None, *exchanges.ids)),
                    dice.choice(statements.ids) if statements and dice.random() < bound else None,
                    line.id,
                ],
            )
        self.env.invalidate_all()

    def compare_windows(self):
        model = self.env["bank.statement.coverage"]
        today = DAY + timedelta(days=60)
        everything = model._facts(self.journal)[self.journal.id]
        seen = set()
        for start in range(-10, 40, 2):
            for length in (1, 9):
                first = MONDAY + timedelta(days=start)
                last = first + timedelta(days=length - 1)
                proven = coverage.prove(everything, first, last, today)
                marks = model._marks_of(self.journal, first, last, today)[self.journal.id]
                self.assertEqual(
                    marks,
                    "".join(coverage_model._MARKS[day.state] for day in proven),
                    (first, last),
                )
                seen |= set(marks)
        return seen

    def test_only_the_viewers_own_companies(self):
        self.statement(0, "5.00", "100.00")
        other = self.journals[self.company_b]
        self.assertIsNone(self.days(journal=other))
        with self.assertRaises(AccessError):
            self.env["bank.statement.coverage"].with_user(self.viewer).get_day(
                other.id, "2026-03-02"
            )
        sales = self.env["account.journal"].search(
            [("type", "=", "sale"), ("company_id", "=", self.company_a.id)], limit=1
        )
        with self.assertRaises(AccessError):
            self.env["bank.statement.coverage"].with_user(self.viewer).get_day(
                sales.id, "2026-03-02"
            )
        for user in (self.api_user, self.env.ref("base.public_user")):
            with self.subTest(user.login), self.assertRaises(AccessError):
                self.days(user=user)

    def test_accounts_come_by_pages_and_are_searched_over_all_of_them(self):
        self.env["account.journal"].create(
            [
                {
                    "name": f"Account {number:03d}",
                    "code": f"P{number:03d}",
                    "type": "bank",
                    "company_id": self.company_a.id,
                }
                for number in range(60)
            ]
        )
        self.statement(0, "5.00", "100.00")
        model = self.env["bank.statement.coverage"].with_user(self.viewer)

        def names(**options):
            answer = model.get_coverage("2026-03-02", "2026-03-08", **options)
            return [account["name"] for account in answer["accounts"]], answer["total"]

        first, total = names()
        second, _total = names(offset=50)
        self.assertEqual((len(first), len(first + second)), (50, total))
        self.assertEqual(len(set(first + second)), total, "each account on one page")
        banks = [("type", "in", ("bank", "credit")), ("company_id", "=", self.company_a.id)]
        self.assertEqual(total, self.env["account.journal"].search_count(banks))
        self.assertEqual(names(search="account 007"), (["Account 007"], 1))
        self.assertEqual(names(search=self.company_a.name)[1], total)
        self.assertEqual(names(search=self.company_b.name), ([], 0))
        self.assertEqual(names(search=IBAN[4:12]), ([self.journal.name], 1))
        # The others have never had a statement: nothing is expected of them.
        self.assertEqual(names(only_open=True), ([self.journal.name], 1))
        self.assertEqual(names(only_open=True, search="account"), ([], 0))
        for options in ({"limit": 0}, {"limit": 201}, {"offset": -1}):
            with self.subTest(options), self.assertRaises(UserError):
                names(**options)

    def test_nonsense_is_refused(self):
        model = self.env["bank.statement.coverage"].with_user(self.viewer)
        for first, last in (("2026-03-02", "2026-03-01"), ("2020-01-01", "2026-01-01"), ("x", "y")):
            with self.subTest(first), self.assertRaises(UserError):
                model.get_coverage(first, last)
