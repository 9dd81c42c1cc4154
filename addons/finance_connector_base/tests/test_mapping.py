import base64
from datetime import date

from psycopg2.errors import ExclusionViolation, NotNullViolation

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.finance_connector_base.tests.common import FinanceCase
from odoo.addons.finance_connector_base.tools.errors import BusinessError
from odoo.addons.finance_connector_base.tools.mapping_code import code_digest

IBAN = "DE89370400440532013000"


class MappingCase(FinanceCase):
    """A connection of company A, tables for it and as a fallback, and a partner per meaning."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.connection = cls.make_connection("webhook")
        cls.tables = cls.env["finance.mapping.table"]
        cls.entries = cls.env["finance.mapping.entry"]
        cls.partner = cls.env["res.partner"].create({"name": "Acorn Ltd", "ref": "ACORN"})
        cls.other = cls.env["res.partner"].create({"name": "Beech Ltd", "ref": "BEECH"})

    @classmethod
    def make_table(cls, kind="counterparty", **values):
        return cls.tables.create(
            {"name": f"Codes {kind}", "kind": kind, "company_id": cls.company_a.id, **values}
        )

    @classmethod
    def make_entry(cls, table, code, target, **values):
        key = "value" if isinstance(target, str) else "res_id"
        return cls.entries.create(
            {
                "table_id": table.id,
                "code": code,
                key: target if key == "value" else target.id,
                **values,
            }
        )

    def resolve(self, code, kind="counterparty", **kwargs):
        kwargs.setdefault("company", self.company_a)
        return self.tables._resolve(kind, code, **kwargs)

    def events(self, prefix="mapping."):
        """What this test left in the audit trail."""
        self.env.flush_all()
        return (
            self.env["finance.audit.event"]
            .sudo()
            .search(
                [("action", "=like", f"{prefix}%"), ("company_id", "=", self.company_a.id)],
                order="id",
            )
        )


@tagged("post_install", "-at_install")
class TestMappingResolve(MappingCase):
    """A code that leads to the wrong record books money in the wrong place."""

    def test_connection_comes_before_fallback(self):
        fallback = self.make_table()
        own = self.make_table(connection_id=self.connection.id)
        self.make_entry(fallback, "X", self.other)
        self.make_entry(fallback, "Y", self.other)
        self.make_entry(own, "X", self.partner)
        self.assertEqual(self.resolve("X", connection=self.connection), self.partner)
        self.assertEqual(self.resolve("Y", connection=self.connection), self.other)
        self.assertEqual(self.resolve("X"), self.other)

    def test_company_comes_before_shared(self):
        shared = self.make_table(company_id=False)
        self.make_entry(shared, "X", self.other)
        self.make_entry(self.make_table(), "X", self.partner)
        self.assertEqual(self.resolve("X"), self.partner)
        self.assertEqual(self.resolve("X", company=self.company_b), self.other)

    def test_table_of_another_company_or_connection_does_not_answer(self):
        self.make_entry(self.make_table(), "X", self.partner)
        self.make_entry(self.make_table(connection_id=self.connection.id), "Y", self.partner)
        self.assertFalse(self.resolve("X", company=self.company_b, required=False))
        elsewhere = self.make_connection("webhook", name="Elsewhere")
        self.assertFalse(self.resolve("Y", connection=elsewhere, required=False))

    def test_kind_of_an_entry_is_that_of_its_table(self):
        entry = self.make_entry(self.make_table(), "X", self.partner)
        for values in ({"kind": "journal"}, {"company_id": self.company_b.id}):
            with self.assertRaises(UserError):
                entry.with_user(self.manager).write(values)
        entry.with_user(self.manager).write({"kind": entry.kind})

    def test_archived_table_does_not_answer(self):
        table = self.make_table()
        self.make_entry(table, "X", self.partner)
        table.action_archive()
        self.assertFalse(self.resolve("X", required=False))

    def test_validity_decides_by_day(self):
        table = self.make_table()
        self.make_entry(table, "X", self.other, valid_to="2026-03-31")
        self.make_entry(table, "X", self.partner, valid_from="2026-04-01", valid_to="2026-04-30")
        for day, expected in (
            (date(2020, 1, 1), self.other),
            (date(2026, 3, 31), self.other),
            (date(2026, 4, 1), self.partner),
            (date(2026, 4, 30), self.partner),
            (date(2026, 5, 1), self.env["res.partner"]),
        ):
            self.assertEqual(self.resolve("X", on_date=day, required=False), expected, day)

    def test_one_query_finds_it(self):
        table = self.make_table()
        self.make_entry(table, "X", self.partner)
        self.resolve("X")
        # The look-up itself, and whether the record still exists.
        with self.assertQueryCount(2):
            self.resolve("X")

    def test_text_kind_gives_text(self):
        self.make_entry(self.make_table("document_id"), "INV 1", "INV/2026/0001")
        self.assertEqual(self.resolve("INV 1", "document_id"), "INV/2026/0001")
        self.assertIsNone(self.resolve("INV 2", "document_id", required=False))

    def test_missing_says_what_is_missing(self):
        with self.assertRaises(BusinessError) as caught:
            self.resolve("X", connection=self.connection)
        error = caught.exception
        self.assertEqual(error.code, "mapping_missing")
        self.assertIn("X", error.message)
        self.assertEqual(error.evidence["kind"], "counterparty")
        self.assertEqual(error.evidence["code"], "X")
        self.assertEqual(error.evidence["connection_id"], self.connection.id)
        self.assertEqual(error.evidence["company_id"], self.company_a.id)

    def test_deleted_record_is_missing(self):
        self.make_entry(self.make_table(), "X", self.other)
        self.other.unlink()
        with self.assertRaises(BusinessError):
            self.resolve("X")

    def test_same_code_of_another_kind_is_another_code(self):
        self.make_entry(self.make_table(), "X", self.partner)
        self.assertFalse(self.resolve("X", "currency", required=False))


@tagged("post_install", "-at_install")
class TestMappingEntry(MappingCase):
    def test_account_number_is_nowhere_in_clear(self):
        journal = self.env["account.journal"].create(
            {"name": "Bank", "code": "MAPB", "type": "bank", "company_id": self.company_a.id}
        )
        entry = self.make_entry(
            self.make_table("journal"), "de89 3704 0044 0532 0130 00|eur", journal
        )
        self.assertEqual(entry.code, "****3000|EUR")
        self.assertEqual(self.resolve(f"{IBAN}|EUR", "journal"), journal)
        self.env.flush_all()
        self.env.cr.execute("SELECT string_agg(t::text, '') FROM finance_mapping_entry t")
        self.assertNotIn("0532013", self.env.cr.fetchone()[0])
        self.env.cr.execute("SELECT string_agg(t::text, '') FROM finance_audit_event t")
        self.assertNotIn("0532013", self.env.cr.fetchone()[0])
        with self.assertRaises(BusinessError) as caught:
            self.resolve("FR1420041010050500013M02606|EUR", "journal")
        self.assertNotIn("0050500013", f"{caught.exception.evidence}{caught.exception.message}")

    def test_masked_code_alone_is_refused(self):
        with self.assertRaisesRegex(UserError, "whole code"):
            self.make_entry(self.make_table(), "****3000", self.partner)

    def test_digest_never_stands_for_another_code_than_is_shown(self):
        table = self.make_table()
        entry = self.make_entry(table, "X", self.partner)
        hidden = {"code_digest": code_digest(table.kind, "Y")}
        with self.assertRaises(UserError):
            entry.with_user(self.manager).write(hidden)
        vals = {"table_id": table.id, "res_id": self.partner.id}
        entries = entry.with_user(self.manager).with_context(
            default_code="Z", default_code_digest=hidden["code_digest"]
        )
        with self.assertRaises(UserError):
            entries.create(vals | hidden)
        with self.assertRaises(NotNullViolation), mute_logger("odoo.sql_db"):
            entries.create(vals)
        self.assertEqual(
            entries.create({**vals, "code": "Z"}).code_digest, code_digest(table.kind, "Z")
        )
        self.assertEqual(self.resolve("X"), self.partner)
        self.assertFalse(self.resolve("Y", required=False))

    def test_changed_code_is_found_under_its_new_name_only(self):
        entry = self.make_entry(self.make_table(), "X", self.partner)
        entry.code = "Y"
        self.assertEqual(self.resolve("Y"), self.partner)
        self.assertFalse(self.resolve("X", required=False))

    @mute_logger("odoo.sql_db")
    def test_database_refuses_two_meanings_on_one_day(self):
        table = self.make_table()
        self.make_entry(table, "X", self.partner, valid_from="2026-01-01", valid_to="2026-06-30")
        for valid_from, valid_to in (
            ("2026-06-30", "2026-07-31"),
            (False, "2026-01-01"),
            (False, False),
            ("2026-02-01", "2026-02-02"),
        ):
            with self.assertRaises(ExclusionViolation), self.env.cr.savepoint():
                self.make_entry(table, "X", self.other, valid_from=valid_from, valid_to=valid_to)
        self.make_entry(table, "X", self.other, valid_from="2026-07-01")
        self.make_entry(table, "Y", self.other)
        self.make_entry(self.make_table(connection_id=self.connection.id), "X", self.other)

    def test_earlier_meaning_ended_makes_room_for_the_next(self):
        entry = self.make_entry(self.make_table(), "X", self.partner)
        entry.valid_to = "2026-03-31"
        self.make_entry(entry.table_id, "X", self.other, valid_from="2026-04-01")
        self.assertEqual(self.resolve("X", on_date=date(2026, 4, 1)), self.other)

    def test_target_belongs_to_the_company(self):
        journal_b = self.env["account.journal"].create(
            {"name": "Bank", "code": "MAPB", "type": "bank", "company_id": self.company_b.id}
        )
        with self.assertRaisesRegex(ValidationError, "does not belong"):
            self.make_entry(self.make_table("journal"), "X", journal_b)
        self.partner.company_id = self.company_a
        with self.assertRaisesRegex(ValidationError, "does not belong"):
            self.make_entry(self.make_table(company_id=False), "X", self.partner)

    def test_target_is_required(self):
        with self.assertRaises(ValidationError):
            self.entries.create({"table_id": self.make_table().id, "code": "X"})
        with self.assertRaises(ValidationError):
            self.entries.create(
                {"table_id": self.make_table("document_id").id, "code": "X", "value": " "}
            )

    def test_company_kinds_need_a_company(self):
        with self.assertRaises(ValidationError):
            self.make_table("journal", company_id=False)

    def test_changes_are_audited(self):
        entry = self.make_entry(self.make_table(), "X", self.partner)
        entry.res_id = self.other.id
        entry.unlink()
        events = self.events("mapping.entry")
        self.assertEqual(
            events.mapped("action"),
            ["mapping.entry_created", "mapping.entry_changed", "mapping.entry_deleted"],
        )
        self.assertIn("Acorn", events[1].details)
        self.assertIn("Beech", events[1].details)
        self.assertEqual(set(events.mapped("company_id")), {self.company_a.id})

    def test_viewer_and_operator_read_only(self):
        entry = self.make_entry(self.make_table(), "X", self.partner)
        for user in (self.viewer, self.operator):
            self.assertEqual(entry.with_user(user).code, "X")
            for model, vals in (
                (
                    self.entries,
                    {"table_id": entry.table_id.id, "code": "Y", "res_id": self.partner.id},
                ),
                (self.tables, {"name": "T", "kind": "currency"}),
            ):
                with self.assertRaises(AccessError):
                    model.with_user(user).create(vals)
            with self.assertRaises(AccessError):
                entry.with_user(user).write({"res_id": self.other.id})
            with self.assertRaises(AccessError):
                entry.with_user(user).unlink()

    def test_manager_maintains_and_another_company_sees_nothing(self):
        table = self.tables.with_user(self.manager).create({"name": "T", "kind": "counterparty"})
        self.assertEqual(table.company_id, self.company_a)
        table.write({"entry_ids": [(0, 0, {"code": "X", "res_id": self.partner.id})]})
        self.assertEqual(self.resolve("X"), self.partner)
        for group in ("viewer", "operator", "manager"):
            user = self.users[group, "b"]
            self.assertFalse(self.tables.with_user(user).search([("id", "=", table.id)]))
            self.assertFalse(self.entries.with_user(user).search([("table_id", "=", table.id)]))
            with self.assertRaises(AccessError):
                table.with_user(user).read(["name"])
        with self.assertRaises(AccessError):
            self.tables.with_user(self.api_user).search([])


@tagged("post_install", "-at_install")
class TestMappingFile(MappingCase):
    def setUp(self):
        super().setUp()
        self.table = self.make_table().with_user(self.manager)

    def bring(self, text, button="action_import", table=None):
        wizard = (
            self.env["finance.mapping.import"]
            .with_user(self.manager)
            .create(
                {
                    "table_id": (table or self.table).id,
                    "file": base64.b64encode(text if isinstance(text, bytes) else text.encode()),
                    "filename": "codes.csv",
                }
            )
        )
        getattr(wizard, button)()
        return wizard

    def test_check_takes_nothing_and_import_takes_all(self):
        text = "code,target,valid_from\nX,ACORN,2026-01-01\nY,BEECH,\n"
        wizard = self.bring(text, "action_check")
        self.assertTrue(wizard.is_clean)
        self.assertIn("2 to add", wizard.report)
        self.assertFalse(self.table.entry_ids)
        wizard.action_import()
        self.assertEqual(self.resolve("X", on_date=date(2026, 1, 1)), self.partner)
        self.assertEqual(self.resolve("Y"), self.other)
        self.assertEqual(self.events("mapping.imported").summary, self.table.name)

    def second_manager(self):
        return new_test_user(
            self.env,
            "second",
            groups="finance_connector_base.group_finance_manager",
            company_id=self.company_a.id,
            company_ids=[Command.set(self.company_a.ids)],
        )

    def test_file_for_codes_in_use_takes_a_second_person(self):
        self.make_entry(self.table, "X", self.partner)
        self.make_interface("event", self.connection)
        second = self.second_manager()
        self.bring("code,target\nX,BEECH\nY,BEECH\n")
        batch = self.env["finance.mapping.batch"].search([("table_id", "=", self.table.id)])
        self.assertEqual((batch.state, batch.added, batch.changed), ("proposed", 1, 1))
        self.assertEqual(self.resolve("X"), self.partner)
        self.assertIn("BEECH", batch.with_user(second).content)
        for user, refusal in (
            (self.manager, AccessError),
            (self.operator, AccessError),
            (self.users["manager", "b"], AccessError),
        ):
            with self.assertRaises(refusal):
                batch.with_user(user).action_take()
            with self.assertRaises(AccessError):
                batch.with_user(user).author_id = second
        self.assertEqual(self.resolve("X"), self.partner)
        batch.with_user(second).action_take()
        self.assertEqual((self.resolve("X"), self.resolve("Y")), (self.other, self.other))
        self.assertEqual((batch.state, batch.approved_by_id), ("taken", second))
        for button in ("action_take", "action_withdraw"):
            with self.assertRaises(UserError):
                getattr(batch.with_user(second), button)()
        self.assertEqual(
            self.events("mapping.batch").mapped("action"),
            ["mapping.batch_proposed", "mapping.batch_taken"],
        )

    def test_proposal_that_fits_no_more_or_is_withdrawn_changes_nothing(self):
        self.make_interface("event", self.connection)
        second = self.second_manager()
        for _time in range(2):
            self.bring("code,target,valid_from\nX,BEECH,2026-02-01\n")
        first, last = self.env["finance.mapping.batch"].search(
            [("table_id", "=", self.table.id)], order="id"
        )
        self.make_entry(self.table, "X", self.partner, valid_from=date(2026, 1, 1))
        with self.assertRaises(UserError):
            first.with_user(second).action_take()
        last.with_user(self.manager).action_withdraw()
        with self.assertRaises(UserError):
            last.with_user(second).action_take()
        self.assertEqual(len(self.table.entry_ids), 1)

    def test_one_bad_row_and_nothing_is_taken(self):
        wizard = self.bring(
            "code;target;valid_from;valid_to\n"
            "X;ACORN;;\n"
            "Y;NOBODY;;\n"
            ";ACORN;;\n"
            "Z;ACORN;31.12.2026;\n"
            "W;BEECH;2026-02-01;2026-01-01\n"
            "X;BEECH;2026-05-01;\n"
        )
        self.assertFalse(wizard.is_clean)
        for line in (3, 4, 5, 6, 7):
            self.assertIn(f"Line {line}:", wizard.report)
        self.assertNotIn("Line 2:", wizard.report)
        self.assertFalse(self.table.entry_ids)

    def test_overlap_with_the_table_is_told_by_row(self):
        self.make_entry(self.table, "X", self.partner, valid_from="2026-01-01")
        wizard = self.bring("code,target,valid_from\nX,BEECH,2026-05-01\n")
        self.assertIn("Line 2:", wizard.report)
        self.assertEqual(len(self.table.entry_ids), 1)

    def test_file_ends_one_meaning_and_begins_the_next(self):
        self.make_entry(self.table, "X", self.partner, valid_from="2026-01-01")
        self.bring(
            "code,target,valid_from,valid_to\nX,BEECH,2026-05-01,\nX,ACORN,2026-01-01,2026-04-30\n"
        )
        self.assertEqual(self.resolve("X", on_date=date(2026, 4, 30)), self.partner)
        self.assertEqual(self.resolve("X", on_date=date(2026, 5, 1)), self.other)

    def test_ambiguous_target_is_refused(self):
        self.env["res.partner"].create({"name": "Acorn again", "ref": "ACORN"})
        self.assertIn("2 are called", self.bring("code,target\nX,ACORN\n").report)
        self.bring(f"code,target\nX,id:{self.partner.id}\n")
        self.assertEqual(self.resolve("X"), self.partner)

    def test_target_of_another_company_is_not_found(self):
        self.other.company_id = self.company_b
        self.assertIn("Line 2:", self.bring("code,target\nX,BEECH\n").report)
        self.assertIn("Line 2:", self.bring(f"code,target\nX,id:{self.other.id}\n").report)

    def test_not_a_table_is_told(self):
        self.assertIn("header", self.bring("a,b\n1,2\n").report)
        self.assertFalse(self.bring(b"\xff\xfe\x00", "action_check").is_clean)

    def test_round_trip_with_hostile_cells(self):
        table = self.make_table("document_id").with_user(self.manager)
        codes = {
            "=HYPERLINK(1)": "@SUM(A1)",
            "+49": "-1",
            "'quoted": "a,b;c\td",
            'say "hi"': "two\nlines",
            IBAN: "account",
        }
        for code, value in codes.items():
            self.make_entry(table, code, value, valid_to="2030-12-31")
        content = base64.b64decode(table.csv_file)
        text = content.decode("utf-8-sig")
        for cell in ("\n=", "\n+", "\n@", ",@", ",-1", ",="):
            self.assertNotIn(cell, text.replace("\r\n", "\n"))
        self.assertNotIn(IBAN, text)
        self.assertIn("0 to add, 0 to change", self.bring(content, "action_check", table).report)
        table.entry_ids.unlink()
        self.bring(content, table=table)
        self.assertEqual(len(table.entry_ids), len(codes))
        for code, value in codes.items():
            self.assertEqual(self.resolve(code, "document_id", on_date=date(2026, 1, 1)), value)

    def test_export_names_records_so_that_they_are_found_again(self):
        self.make_entry(self.table, "X", self.partner)
        nameless = self.env["res.partner"].create({"name": "No reference"})
        self.make_entry(self.table, "Y", nameless)
        text = base64.b64decode(self.table.csv_file).decode("utf-8-sig")
        self.assertIn("X,ACORN,", text)
        self.assertIn(f"Y,id:{nameless.id},", text)
        self.assertIn(f"/{self.table.id}/csv_file/", self.table.action_export()["url"])

    def test_uploaded_file_is_not_kept_in_clear(self):
        wizard = self.bring(f"code,target\n{IBAN},ACORN\n", "action_check")
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT t::text FROM finance_mapping_import t WHERE id = %s", [wizard.id]
        )
        row = self.env.cr.fetchone()[0]
        self.assertNotIn(IBAN, row)
        self.assertNotIn(IBAN.encode().hex(), row)

    def test_operator_does_not_import(self):
        with self.assertRaises(AccessError):
            self.table.with_user(self.operator).action_import()
