from datetime import timedelta
from decimal import Decimal

import psycopg2
from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.bank_statement_api.tests.camt_writer import Line
from odoo.addons.bank_statement_api.tests.common import DAY, IBAN_B

from .common import TreasuryCase

TODAY = DAY + timedelta(days=1)


class CashPositionCase(TreasuryCase):
    """Two entities with a euro account each, a group of both, and somebody who reads the group and nothing else."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.interface_b = cls.make_interface(
            "bank_statement", cls.make_connection("upload", company_id=cls.company_b.id)
        )
        cls.reader = new_test_user(
            cls.env,
            "group_reader",
            groups="treasury_sync.group_treasury_cash_reader",
            company_id=cls.company_a.id,
            company_ids=[Command.set(cls.company_a.ids)],
        )
        cls.group = cls.make_group()
        cls.map_entities(cls.company_a, cls.company_b)
        # Odoo's own journal of each company; nobody has connected it to a bank.
        cls.other_journals = cls.env["account.journal"].search(
            [
                ("company_id", "in", (cls.company_a | cls.company_b).ids),
                ("type", "in", ("bank", "credit")),
                ("id", "not in", [journal.id for journal in cls.journals.values()]),
            ]
        )

    @classmethod
    def make_group(cls, **values):
        return cls.env["cash.position.group"].create(
            {
                "name": "Europe",
                "code": "EU",
                "company_id": cls.company_a.id,
                "currency_id": cls.euro.id,
                "entity_ids": [Command.set((cls.company_a | cls.company_b).ids)],
                "reader_ids": [Command.set(cls.reader.ids)],
                **values,
            }
        )

    @classmethod
    def map_entities(cls, *companies):
        table = cls.env["finance.mapping.table"].create(
            {"name": "Entities", "kind": "entity", "company_id": False}
        )
        cls.env["finance.mapping.entry"].create(
            [
                {"table_id": table.id, "code": f"E{number}", "res_id": company.id}
                for number, company in enumerate(companies, 1)
            ]
        )

    def close_day(self, amount, *, opening="100.00", number=1, company=None, day=DAY, **kwargs):
        """A statement of one line."""
        line = Line(day, Decimal(amount), "x", reference=f"P{next(self._keys)}")
        if company == self.company_b:
            kwargs |= {"iban": IBAN_B}
        return self.bring(
            self.file(line, opening=Decimal(opening), sequence=number, **kwargs),
            self.interface_b if company == self.company_b else self.interface,
        )

    def position(self, user=None, **arguments):
        model = self.env["cash.position"].with_user(user or self.reader)
        return model.get_position(**{"group": "EU", **arguments})

    def account(self, found, journal=None):
        [account] = [
            each for each in found["accounts"] if each["id"] == (journal or self.journal).id
        ]
        return account

    def codes(self, found):
        return {finding["code"] for finding in found["findings"] if finding["blocking"]}


@tagged("post_install", "-at_install")
@freeze_time("2026-03-05 09:00:00")
class TestCashPosition(CashPositionCase):
    """A position is what the banks stated, by whose codes, at which rate, and says what it lacks."""

    def test_group_is_the_sum_of_its_entities(self):
        self.close_day("5.00")
        self.close_day("-20.00", company=self.company_b)
        found = self.position()
        self.assertEqual(found["totals"]["group"], "185.00")
        self.assertEqual(
            {each["code"]: each["amount"] for each in found["by_entity"]},
            {"E1": "105.00", "E2": "80.00"},
        )
        self.assertTrue(found["complete"], found["findings"])
        booked = self.account(found)["booked"]
        self.assertEqual(
            (booked["type"], booked["amount"], booked["date"], booked["source"]),
            ("CLBD", "105.00", "2026-03-04", "camt053"),
        )

    def test_expected_account_without_balance_is_missing(self):
        self.close_day("5.00")
        found = self.position()
        self.assertEqual(self.codes(found), {"position_missing"})
        self.assertFalse(found["complete"])
        self.journals[self.company_b].cash_expected = "no"
        self.assertTrue(self.position()["complete"])

    def test_old_balance_is_stale_by_policy(self):
        self.journals[self.company_b].cash_expected = "no"
        self.close_day("5.00", day=DAY - timedelta(days=2))
        self.assertEqual(self.codes(self.position()), {"position_stale"})
        self.assertEqual(self.account(self.position())["age_days"], 2)
        self.journal.cash_max_age = 2
        self.assertTrue(self.position()["complete"])

    def test_statement_that_is_missing_before_the_balance_breaks_it(self):
        self.journals[self.company_b].cash_expected = "no"
        self.close_day("5.00", day=DAY - timedelta(days=2))
        held = self.close_day("1.00", opening="107.00", number=3)
        held.exception_ids.action_resolve("Seen.")
        held._job_process()
        self.assertEqual(self.account(self.position())["state"], "broken")

    def test_any_day_as_known_at_any_time(self):
        self.close_day("5.00", day=DAY - timedelta(days=1))
        self.env.flush_all()
        self.env.cr.execute("UPDATE bank_statement_balance SET create_date = '2026-03-04 06:00:00'")
        self.close_day("7.00", opening="105.00", number=2)
        self.env.cr.execute(
            "UPDATE bank_statement_balance SET create_date = '2026-03-05 06:00:00'"
            " WHERE date = '2026-03-04'"
        )
        for date, known_at, expected in (
            ("2026-03-04", None, "112.00"),
            ("2026-03-03", None, "105.00"),
            ("2026-03-04", "2026-03-05T05:59:59Z", "105.00"),
            ("2026-03-04", "2026-03-05T06:00:00Z", "112.00"),
            ("2026-03-04", "2026-03-04T05:59:59Z", None),
            ("2026-03-01", None, None),
        ):
            with self.subTest(date, known_at=known_at):
                booked = self.account(self.position(date=date, known_at=known_at))["booked"]
                self.assertEqual(booked and booked["amount"], expected)

    def test_rate_stands_beside_each_figure_and_a_missing_one_is_not_1(self):
        dollar = self.env.ref("base.USD")
        dollar.active = True
        self.env["res.currency.rate"].search([("currency_id", "=", dollar.id)]).unlink()
        iban = "DE02120300000000202051"
        journal = self.make_journal(self.company_a, iban, dollar, code="TUSD")
        self.close_day("10.00", iban=iban, currency="USD")
        self.close_day("5.00")
        found = self.position()
        self.assertIn("position_rate_missing", self.codes(found))
        self.assertIsNone(self.account(found, journal)["converted"])
        self.assertEqual(found["totals"]["group"], "105.00")
        self.make_rate("USD", 1.25, "2026-03-04")
        found = self.position()
        account = self.account(found, journal)
        self.assertEqual(
            (account["converted"], account["rate"], account["rate_date"]),
            ("88.00", "0.8", "2026-03-04"),
        )
        self.assertIn("Alder AG", account["rate_source"])
        self.assertEqual(found["totals"]["group"], "193.00")

    def test_entity_without_a_code_of_the_group_is_named(self):
        self.env["finance.mapping.entry"].search([("code", "=", "E2")]).unlink()
        self.close_day("5.00")
        self.close_day("5.00", company=self.company_b)
        self.assertEqual(self.codes(self.position()), {"position_unmapped"})

    def test_nonsense_is_refused(self):
        for arguments in (
            {"date": "2026-03-06"},
            {"date": "yesterday"},
            {"known_at": "noon"},
            {"known_at": 5},
        ):
            with self.subTest(arguments), self.assertRaises(UserError):
                self.position(**arguments)


@tagged("post_install", "-at_install")
@freeze_time("2026-03-05 09:00:00")
class TestCashPositionBooks(CashPositionCase):
    """The ledger stands beside the bank, and the difference is explained to the cent."""

    def difference(self, **arguments):
        return {
            name: Decimal(amount)
            for name, amount in self.account(self.position(**arguments))["difference"].items()
            if Decimal(amount)
        }

    def test_opening_that_the_ledger_lacks(self):
        self.close_day("5.00")
        # The line is not reconciled: the books do not count it yet.
        self.assertEqual(self.difference(), {"total": 105, "unreconciled": 5, "before_first": 100})
        ledger = self.account(self.position())["ledger"]
        self.assertEqual((ledger["account_balance"], ledger["balance"]), ("5.00", "0.00"))

    def test_entered_opening_closes_the_difference(self):
        self.close_day("5.00")
        self.env["account.move"].create(
            {
                "journal_id": self.env["account.journal"]
                .search([("type", "=", "general"), ("company_id", "=", self.company_a.id)], limit=1)
                .id,
                "date": "2026-03-01",
                "line_ids": [
                    Command.create(
                        {"account_id": self.journal.default_account_id.id, "debit": 100}
                    ),
                    Command.create(
                        {
                            "account_id": self.env["account.account"]
                            .search(
                                [
                                    ("company_ids", "in", self.company_a.ids),
                                    ("account_type", "=", "equity"),
                                ],
                                limit=1,
                            )
                            .id,
                            "credit": 100,
                        }
                    ),
                ],
            }
        ).action_post()
        self.assertEqual(self.difference(), {"total": 5, "unreconciled": 5})

    def test_payment_under_way_is_in_transit_until_the_bank_books_it(self):
        self.close_day("5.00")
        bill = self.make_bill(30, due="2026-03-01", invoice_date="2026-02-02")
        payment = self.pay(bill, date="2026-03-04")
        self.assertEqual(self.difference()["in_transit"], 30)
        self.assertEqual(self.account(self.position())["ledger"]["balance"], "-30.00")
        self.close_day("-30.00", opening="105.00", number=2, day=DAY)
        line = self.lines()[-1]
        item = payment.move_id.line_ids.filtered(
            lambda item: item.account_id == payment.outstanding_account_id
        )
        self.settle(line, item)
        found = self.difference()
        self.assertNotIn("in_transit", found)
        self.assertNotIn("unexplained", found)

    def test_line_that_somebody_deleted_is_unexplained(self):
        self.close_day("5.00", day=DAY - timedelta(days=1))
        self.close_day("7.00", opening="105.00", number=2)
        self.assertNotIn("unexplained", self.difference())
        line = self.lines()[-1]
        line.move_id.button_draft()
        line.unlink()
        self.assertEqual(self.difference()["unexplained"], 7)

    def test_booked_late_for_a_day_before_the_first_balance_is_explained(self):
        early = Line(DAY - timedelta(days=3), Decimal("7.70"), "late", reference="LATE")
        self.close_day("5.00", day=DAY - timedelta(days=1))
        today = Line(DAY, Decimal("2.00"), "x", reference="TODAY")
        self.bring(self.file(early, today, opening=Decimal("105.00"), sequence=2), self.interface)
        found = self.difference()
        self.assertNotIn("unexplained", found)
        self.assertEqual(found["before_first"], 100)
        self.assertEqual(found["unreconciled"], Decimal("14.70"))

    def test_accounting_date_of_another_day_is_timing(self):
        self.close_day("5.00")
        self.lines().with_context(skip_readonly_check=True).date = "2026-03-05"
        self.assertEqual(self.difference(date="2026-03-04")["timing"], 5)
        self.assertNotIn("unexplained", self.difference(date="2026-03-04"))
        self.assertNotIn("timing", self.difference())


@tagged("post_install", "-at_install")
@freeze_time("2026-03-05 09:00:00")
class TestCashPositionGroup(CashPositionCase):
    """The group counts money once, and its reader sees figures and can touch nothing."""

    def test_transfer_between_entities_counts_on_every_day(self):
        number = self.journals[self.company_b].bank_account_id.acc_number
        self.close_day("0.01", day=DAY - timedelta(days=1))
        self.close_day("0.01", day=DAY - timedelta(days=1), company=self.company_b)
        self.close_day("-40.00", opening="100.01", number=2)
        self.lines().filtered(lambda line: line.amount < 0).account_number = number
        found = self.position()
        self.assertEqual(found["totals"]["on_its_way"], "40.00")
        self.assertEqual(found["totals"]["group"], "200.02")
        [elimination] = found["eliminations"]
        self.assertEqual(
            (elimination["entity"], elimination["counterparty"]),
            ("E1", "E2"),
        )
        self.close_day("40.00", opening="100.01", number=2, company=self.company_b)
        arrived = self.lines(self.journals[self.company_b])[-1]
        arrived.partner_id = self.company_a.partner_id
        found = self.position()
        self.assertEqual(found["totals"]["on_its_way"], "0.00")
        self.assertEqual(found["totals"]["group"], "200.02")

    def test_in_house_account_is_eliminated(self):
        self.close_day("5.00")
        self.close_day("5.00", company=self.company_b)
        self.journals[self.company_b].cash_kept_by_id = self.company_a
        totals = self.position()["totals"]
        self.assertEqual((totals["in_house"], totals["group"]), ("-105.00", "105.00"))

    def test_reader_reads_the_group_and_changes_nothing(self):
        self.close_day("5.00")
        run = self.group.sudo()._freeze("manual")
        self.assertEqual(
            self.env["cash.position"].with_user(self.reader).list_groups()[0]["group"], "EU"
        )
        self.assertEqual(run.with_user(self.reader).total, 105)
        self.assertEqual(run.line_ids.with_user(self.reader).mapped("entity"), ["E1", "E2"])
        for action in (
            lambda: self.group.with_user(self.reader).write({"name": "Mine"}),
            lambda: self.group.with_user(self.reader).action_freeze(),
            lambda: run.with_user(self.reader).write({"total": 1}),
            lambda: run.with_user(self.reader).unlink(),
            lambda: run.with_user(self.reader).action_open_exchange(),
            lambda: self.env["cash.position"].with_user(self.reader).get_position(),
            lambda: self.journal.with_user(self.reader).read(["name"]),
            lambda: self.env["bank.statement.balance"].with_user(self.reader).search([]),
            lambda: self.env["account.move.line"].with_user(self.reader).search([]),
            lambda: self.env["finance.exchange"].with_user(self.reader).search([]),
        ):
            with mute_logger("odoo.addons.base.models.ir_model"), self.assertRaises(AccessError):
                action()

    def test_nobody_else_reads_the_group(self):
        run = self.group.sudo()._freeze("manual")
        stranger = new_test_user(
            self.env, "stranger", groups="treasury_sync.group_treasury_cash_reader"
        )
        for user in (stranger, self.viewer, self.users["manager", "b"], self.api_user):
            with self.subTest(user.login):
                with self.assertRaises(AccessError):
                    self.position(user)
                if user != self.api_user:
                    self.assertFalse(
                        self.env["cash.position.run"].with_user(user).search([("id", "=", run.id)])
                    )
                    self.assertFalse(self.env["cash.position.group"].with_user(user).search([]))
        self.viewer.company_ids |= self.company_b
        self.assertEqual(self.position(self.viewer)["totals"]["group"], "0.00")
        # The lists show what the board shows, also while only one of the companies is switched on.
        for model, record in (("run", run), ("group", self.group)):
            listed = self.env[f"cash.position.{model}"].with_user(self.viewer)
            listed = listed.with_context(allowed_company_ids=self.company_a.ids)
            self.assertEqual(listed.search([("id", "=", record.id)]), record)

    def test_own_companies_need_no_group(self):
        self.close_day("5.00")
        self.close_day("5.00", company=self.company_b)
        found = self.env["cash.position"].with_user(self.viewer).get_position()
        self.assertEqual(found["totals"]["group"], "105.00")
        self.assertEqual(
            {each["id"] for each in found["accounts"]} & set(self.journals[self.company_b].ids),
            set(),
        )

    def test_manager_of_one_entity_cannot_show_the_others(self):
        manager = self.manager
        with self.assertRaises(UserError):
            self.env["cash.position.group"].with_user(manager).create(
                {
                    "name": "Spy",
                    "code": "SPY",
                    "entity_ids": [Command.set((self.company_a | self.company_b).ids)],
                    "reader_ids": [Command.set(manager.ids)],
                }
            )

    def test_forecast_counts_what_is_due_and_not_what_the_group_owes_itself(self):
        self.close_day("5.00")
        self.close_day("5.00", company=self.company_b)
        self.make_invoice(200.0).invoice_date_due = "2026-03-10"
        self.make_bill(50, due="2026-03-09", invoice_date="2026-02-02")
        self.make_bill(
            33, due="2026-03-09", invoice_date="2026-02-02", vendor=self.company_b.partner_id
        )
        days = {day["start"]: day for day in self.position()["forecast"]["days"]}
        self.assertEqual(days["2026-03-05"]["opening"], "210.00")
        self.assertEqual(days["2026-03-09"]["outflow"], "-50.00")
        self.assertEqual(days["2026-03-10"]["inflow"], "200.00")


@tagged("post_install", "-at_install")
@freeze_time("2026-03-05 09:00:00")
class TestCashPositionRun(CashPositionCase):
    """A frozen position stays what it was, and what it lacks is an exception until a later one has it."""

    def test_frozen_position_is_what_was_known_with_its_inputs(self):
        exchange = self.close_day("5.00")
        self.close_day("5.00", company=self.company_b)
        run = self.group.sudo()._freeze("manual")
        self.close_day("7.00", opening="105.00", number=2)
        self.assertEqual(run._document()["totals"]["group"], "210.00")
        self.assertTrue(run.complete)
        line = run.line_ids.filtered(lambda line: line.journal_id == self.journal)
        self.assertEqual(line.exchange, exchange.name)
        self.assertEqual(line.balance_id.amount, 105)
        self.assertEqual((line.rate, line.rate_source), ("1", "same currency"))
        self.assertEqual(run._content(), run.content.encode())

    def test_database_refuses_a_change(self):
        run = self.group.sudo()._freeze("manual")
        for statement in (
            "UPDATE cash_position_run SET total = 1 WHERE id = %s",
            "DELETE FROM cash_position_run WHERE id = %s",
            "UPDATE cash_position_run_line SET converted = 1 WHERE run_id = %s",
            "DELETE FROM cash_position_run_line WHERE run_id = %s",
        ):
            with (
                self.subTest(statement),
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.errors.InsufficientPrivilege),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(statement, [run.id])

    def test_what_is_missing_is_an_exception_until_it_is_there(self):
        self.close_day("5.00")
        self.group.sudo()._freeze("schedule")
        exceptions = self.env["finance.exception"]
        found = exceptions.search([("code", "=", "position_missing")])
        self.assertEqual((found.state, found.res_id), ("open", self.group.id))
        self.group.sudo()._freeze("schedule")
        self.assertEqual(exceptions.search([("code", "=", "position_missing")]), found)
        self.close_day("5.00", company=self.company_b)
        self.group.sudo()._freeze("schedule")
        self.assertEqual(found.state, "resolved")

    def test_operator_of_all_entities_freezes(self):
        with self.assertRaises(AccessError):
            self.group.with_user(self.operator).action_freeze()
        self.operator.company_ids |= self.company_b
        group = self.group.with_user(self.operator)
        action = group.action_freeze()
        run = self.env["cash.position.run"].browse(action["res_id"])
        self.assertEqual((run.frozen_by_id, run.source), (self.operator, "manual"))

    def test_run_is_an_exchange_once(self):
        connection = self.make_connection("reporting_platform", endpoint="https://reports.test")
        interface = self.make_interface("cash_position", connection)
        self.group.interface_id = interface
        self.close_day("5.00")
        run = self.group.sudo()._freeze("schedule")
        exchange = run.exchange_id
        self.assertEqual((exchange.interface_id, exchange.direction), (interface, "outbound"))
        self.assertEqual(run.delivery, "under_way")
        self.assertEqual(interface._handler()._prepare(exchange), run.content.encode())
        self.assertNotIn(IBAN_B, run.content)
