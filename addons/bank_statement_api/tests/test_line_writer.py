from datetime import date, timedelta
from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.bank_statement_api.models import (
    bank_statement_line_rows,
    bank_statement_line_writer,
)
from odoo.addons.bank_statement_api.models.bank_statement_poster_entry import ANALYTIC_METHODS

from .common import StatementCase

IDS = {
    "id",
    "move_id",
    "statement_line_id",
    "res_id",
    "mail_message_id",
    "create_date",
    "write_date",
    "date_message",
    "message_id",
}


@tagged("post_install", "-at_install")
class TestLineWriter(StatementCase):
    """Lines written set-based are the rows Odoo makes, column by column; in doubt Odoo makes them."""

    def vals(self, count=40, journal=None, **values):
        journal = journal or self.journal
        currency = journal.currency_id or journal.company_id.currency_id
        days = [date(2026, 3, 1) + timedelta(days=number * 7 % 20) for number in range(count)]
        return [
            {
                "journal_id": journal.id,
                "date": day,
                "amount": currency.round((number % 7 - 3) * 1.37),
                "payment_ref": f"Label {number}",
                "partner_name": f"Name {number}" if number % 3 else False,
                "account_number": f"ACC{number}" if number % 2 else False,
                "transaction_details": {"number": number},
                "fingerprint": f"f{number}",
                "fingerprint_version": 1,
                "fingerprint_occurrence": 1,
                "batch_part": 0,
                "uid_strategy": 1,
                "bank_booking_date": day,
                "bank_value_date": day if number % 4 else False,
                "bank_entry_amount": 2.0,
                "match_state": "pending",
                **values,
            }
            for number, day in enumerate(days)
        ]

    def write(self, vals_list, statement=None):
        """:return: the lines, and how many of them were written set-based"""
        lines, by_orm = self.env["bank.statement.line.writer"]._create_lines(vals_list, statement)
        return lines, len(lines) - sum(by_orm.values())

    def rows(self, create, vals_list):
        """All columns of all rows that ``create`` leaves, without the ids that differ by nature."""
        with self.env.cr.savepoint() as savepoint:
            lines = create(vals_list)
            self.env.flush_all()
            cr = self.env.cr
            found = {}
            for table, query, ids in (
                (
                    "line",
                    "SELECT * FROM account_bank_statement_line WHERE id IN %s ORDER BY fingerprint",
                    lines.ids,
                ),
                (
                    "move",
                    """SELECT m.* FROM account_move m JOIN account_bank_statement_line l ON l.move_id = m.id
                          AND m.statement_line_id = l.id WHERE l.id IN %s ORDER BY l.fingerprint""",
                    lines.ids,
                ),
                (
                    "item",
                    """SELECT i.* FROM account_move_line i JOIN account_bank_statement_line l
                           ON l.id = i.statement_line_id AND i.move_id = l.move_id
                        WHERE l.id IN %s ORDER BY l.fingerprint, i.account_id""",
                    lines.ids,
                ),
                (
                    "message",
                    """SELECT model, message_type, subtype_id, body, author_id, email_from, is_internal, create_uid
                         FROM mail_message WHERE model = 'account.move' AND res_id IN %s ORDER BY id""",
                    lines.move_id.ids,
                ),
            ):
                cr.execute(query, [tuple(ids)])
                found[table] = [
                    {
                        column: value[:18] if column == "internal_index" else value
                        for column, value in row.items()
                        if column not in IDS
                    }
                    for row in cr.dictfetchall()
                ]
            savepoint.rollback()
        return found

    def assert_same_rows(self, vals_list):
        create = self.env["account.bank.statement.line"].create
        odoo = self.rows(lambda vals: create([dict(row) for row in vals]), vals_list)
        written = []

        def write(vals):
            lines, count = self.write([dict(row) for row in vals])
            written.append(count)
            return lines

        with patch.object(bank_statement_line_writer, "_logger") as logger:
            ours = self.rows(write, vals_list)
        self.assertEqual(
            written, [len(vals_list)], f"the fast way was not taken: {logger.info.call_args}"
        )
        for table, rows in odoo.items():
            self.assertTrue(rows)
            self.assertEqual(len(ours[table]), len(rows), table)
            for mine, theirs in zip(ours[table], rows, strict=True):
                self.assertEqual(mine, theirs, table)

    def test_rows_equal_odoos_in_the_company_currency(self):
        self.assert_same_rows(self.vals())

    def test_rows_equal_odoos_after_other_lines(self):
        self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.journal.id,
                "date": "2026-03-02",
                "amount": 1,
                "payment_ref": "before",
            }
        )
        self.assert_same_rows(self.vals())

    def test_rows_equal_odoos_in_another_currency_with_changing_rates(self):
        for currency_name, rate, iban in (
            ("USD", 1.083, "CH9300762011623852957"),
            ("JPY", 161.7, "AT611904300234573201"),
        ):
            self.make_rate(currency_name, rate, date(2026, 1, 1))
            currency = self.make_rate(currency_name, rate * 1.017, date(2026, 3, 8))
            journal = self.make_journal(self.company_a, iban, currency, code=f"T{currency_name}")
            with self.subTest(currency=currency_name):
                self.assert_same_rows(self.vals(journal=journal))

    def test_rows_equal_odoos_in_a_second_company(self):
        self.assert_same_rows(self.vals(journal=self.journals[self.company_b]))

    def partners(self):
        """Partners of every sort that an entry is derived from in another way."""
        partner_model = self.env["res.partner"]
        company = partner_model.create({"name": "Company", "is_company": True})
        dollar = self.env.ref("base.USD")
        dollar.active = True
        france, spain = self.env.ref("base.fr"), self.env.ref("base.es")
        position_model = self.env["account.fiscal.position"]
        position_model.create(
            {
                "name": "France",
                "auto_apply": True,
                "country_id": france.id,
                "company_id": self.company_a.id,
            }
        )
        position = position_model.create({"name": "Own", "company_id": self.company_a.id})
        partners = partner_model.create(
            [
                {"name": "Plain"},
                {"name": "Contact", "parent_id": company.id},
                {"name": "French", "country_id": france.id},
                {"name": "Spaniard", "country_id": spain.id},
                {"name": "Delivered to France", "country_id": spain.id},
                {"name": "With a bank"},
            ]
        )
        partners[3].with_company(self.company_a).property_account_position_id = position
        partner_model.create(
            {
                "name": "Shed",
                "type": "delivery",
                "country_id": france.id,
                "parent_id": partners[4].id,
            }
        )
        self.env["res.partner.bank"].create(
            [
                {"acc_number": "111", "partner_id": partners[5].id, "currency_id": dollar.id},
                {"acc_number": "222", "partner_id": partners[5].id},
                {"acc_number": "333", "partner_id": partners[5].id, "allow_out_payment": True},
                {
                    "acc_number": "444",
                    "partner_id": partners[0].id,
                    "company_id": self.company_b.id,
                },
            ]
        )
        return partners | company

    def test_rows_equal_odoos_with_partners_of_every_sort(self):
        partners = self.partners()
        vals_list = self.vals(60)
        for number, vals in enumerate(vals_list):
            if number % 8:
                vals["partner_id"] = partners[number % len(partners)].id
        self.assert_same_rows(vals_list)

    def test_rows_equal_odoos_with_amounts_in_foreign_currencies(self):
        currencies = {
            name: self.make_rate(name, rate, date(2026, 1, 1))
            for name, rate in (("USD", 1.083), ("JPY", 161.7))
        }
        dollars = self.make_journal(
            self.company_a, "CH9300762011623852957", currencies["USD"], code="TUSD"
        )
        for journal, foreign, factor in (
            (self.journal, currencies["USD"], 1.1),
            (self.journal, currencies["JPY"], 160),
            (dollars, currencies["JPY"], 150),
            (dollars, self.euro, 0.9),
        ):
            vals_list = [
                {
                    **vals,
                    "foreign_currency_id": foreign.id,
                    "amount_currency": foreign.round(vals["amount"] * factor) or 1.0,
                }
                for vals in self.vals(journal=journal)
            ]
            with self.subTest(journal=journal.code, foreign=foreign.name):
                self.assert_same_rows(vals_list)

    def test_rows_of_a_statement_equal_odoos(self):
        statement = self.env["account.bank.statement"].create(
            {"name": "S", "journal_id": self.journal.id}
        )
        vals_list = self.vals()
        create = self.env["account.bank.statement.line"].create
        odoo = self.rows(
            lambda rows: create([{**row, "statement_id": statement.id} for row in rows]), vals_list
        )
        ours = self.rows(lambda rows: self.write(rows, statement)[0], vals_list)
        self.assertEqual(ours, odoo)

    def test_few_lines_get_their_statement_as_well(self):
        statement = self.env["account.bank.statement"].create(
            {"name": "S", "journal_id": self.journal.id}
        )
        lines, _count = self.write(self.vals(3), statement)
        self.assertEqual(lines.statement_id, statement)
        self.assertEqual(lines.line_ids.statement_id, statement)

    def test_messages_have_names_of_their_own(self):
        lines, _count = self.write(self.vals())
        messages = lines.move_id.message_ids
        self.assertEqual(len(set(messages.mapped("message_id"))), len(lines))

    def test_zero_amounts_only(self):
        self.assert_same_rows(self.vals(amount=0.0))

    def test_order_of_the_result_is_the_order_of_the_values(self):
        vals_list = self.vals(60)
        lines, _count = self.write(vals_list)
        self.assertEqual(lines.mapped("fingerprint"), [vals["fingerprint"] for vals in vals_list])

    def test_lines_over_two_months_are_numbered_without_a_gap(self):
        vals_list = self.vals(30) + [
            {**vals, "date": date(2026, 4, 2), "fingerprint": f"april{number}"}
            for number, vals in enumerate(self.vals(30))
        ]
        lines, count = self.write(vals_list)
        self.assertEqual(count, 60)
        numbers = sorted(lines.move_id.mapped("sequence_number"))
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + 60)))
        self.assertFalse(any(lines.move_id.mapped("made_sequence_gap")))

    def test_lines_are_editable_and_reconcilable_like_any_other(self):
        invoice = self.make_invoice(50)
        vals_list = self.vals(30)
        vals_list[0]["amount"] = 50.0
        lines, count = self.write(vals_list)
        self.assertEqual(count, 30)
        item = invoice.line_ids.filtered(
            lambda item: item.account_id.account_type == "asset_receivable"
        )
        lines[0].action_match_allocate([{"item": item.id}])
        self.assertTrue(lines[0].is_reconciled)
        self.assertEqual(invoice.amount_residual, 0)

    # === IN DOUBT === #

    def assert_through_odoo(self, vals_list):
        """:return: the reason that was logged"""
        with patch.object(bank_statement_line_writer, "_logger") as logger:
            lines, count = self.write(vals_list)
        self.assertEqual(count, 0)
        self.assertEqual(len(lines), len(vals_list))
        self.assertEqual(set(lines.move_id.mapped("state")), {"posted"})
        return str(logger.info.call_args.args[-1])

    def test_few_lines_go_through_odoo(self):
        self.assert_through_odoo(self.vals(24))

    def test_foreign_currency_without_an_amount_goes_through_odoo(self):
        dollar = self.env.ref("base.USD")
        dollar.active = True
        foreign = self.vals(foreign_currency_id=dollar.id)
        self.assertIn("amount", self.env["bank.statement.line.writer"]._why_not(foreign))
        own = self.vals(foreign_currency_id=self.euro.id, amount_currency=1.0)
        self.assertIn("own", self.assert_through_odoo(own))

    def test_hashed_journal_goes_through_odoo(self):
        self.journal.restrict_mode_hash_table = True
        self.assertIn("hashed", self.env["bank.statement.line.writer"]._why_not(self.vals()))

    def test_analytic_model_goes_through_odoo(self):
        self.env["account.analytic.distribution.model"].create({"company_id": self.company_a.id})
        self.assertIn("analytic", self.assert_through_odoo(self.vals()))

    def test_whatever_changes_what_odoo_writes_goes_through_odoo(self):
        accounts = self.journal.default_account_id, self.journal.suspense_account_id
        tax = self.env["account.tax"].create({"name": "Tax", "company_id": self.company_a.id})
        unusual = (
            (
                self.journal,
                {"sequence_override_regex": r"^(?P<prefix1>.*?)(?P<seq>\d+)$"},
                "numbers",
            ),
            (self.company_a, {"account_storno": True}, "storno"),
            (self.company_a, {"restrictive_audit_trail": True}, "audit trail"),
            (self.company_a, {"fiscalyear_lock_date": date(2026, 12, 31)}, "lock date"),
            (accounts[0], {"tax_ids": tax.ids}, "taxes"),
            (accounts[1], {"tax_ids": tax.ids}, "taxes"),
            (accounts[1], {"reconcile": True}, "reconciliation"),
        )
        why_not = self.env["bank.statement.line.writer"]._why_not
        self.assertIsNone(why_not(self.vals()))
        self.assertIn("unknown values", why_not([*self.vals(), {**self.vals()[0], "x_own": 1}]))
        for record, values, word in unusual:
            with self.subTest(**values), self.env.cr.savepoint() as savepoint:
                record.write(values)
                self.assertIn(word, why_not(self.vals()))
                savepoint.rollback()
                self.env.invalidate_all()

    def test_unknown_override_goes_through_odoo(self):
        known = tuple(
            name for name in bank_statement_line_writer.KNOWN_MODULES if "mail" not in name
        )
        with patch.object(bank_statement_line_writer, "KNOWN_MODULES", known):
            message = self.assert_through_odoo(self.vals())
        self.assertIn("odoo.addons.mail", message)
        self.assertIn("overrides", message)

    def test_distribution_that_a_module_computes_is_looked_for(self):
        plan = self.env["account.analytic.plan"].create({"name": "Projects"})
        account = self.env["account.analytic.account"].create({"name": "One", "plan_id": plan.id})
        self.patch(
            self.registry["account.move.line"],
            "_related_analytic_distribution",
            lambda item: {str(account.id): 100},
        )
        writer_class = self.registry["bank.statement.line.writer"]
        known = writer_class._foreign_override
        with patch.object(
            writer_class,
            "_foreign_override",
            lambda writer, models, methods: (
                "a module" if methods == ANALYTIC_METHODS else known(writer, models, methods)
            ),
        ):
            self.assert_same_rows(self.vals())

    def test_canary_finds_a_column_that_odoo_fills_otherwise(self):
        original = bank_statement_line_rows._item_amounts

        def wrong(template, amounts, balances):
            found = original(template, amounts, balances)
            return {**found, "price_total": [amount + 1 for amount in amounts]}

        with patch.object(bank_statement_line_rows, "_item_amounts", wrong):
            message = self.assert_through_odoo(self.vals())
        self.assertIn("price_total", message)

    def test_canary_finds_a_column_that_depends_on_the_line(self):
        move_class = self.registry["account.bank.statement.line"]
        original = move_class._compute_internal_index

        def by_line(lines):
            original(lines)
            for line in lines:
                line.transaction_type = f"T{line.payment_ref}"

        with patch.object(move_class, "_compute_internal_index", by_line):
            message = self.assert_through_odoo(self.vals())
        self.assertIn("transaction_type", message)
