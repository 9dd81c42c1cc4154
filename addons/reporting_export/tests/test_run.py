import io
import json
from decimal import Decimal
from unittest.mock import patch

import pyarrow.parquet as pq

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import format_date

from odoo.addons.finance_connector_base.tools.digest import sha256_hex

from .common import ExportCase


@tagged("post_install", "-at_install")
class TestRun(ExportCase):
    """What arrives is what the ledger holds, whole or not at all, once however often it is sent."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.invoices = [cls.make_invoice(amount) for amount in (100, 250.55, 0.01)]
        cls.make_invoice(9999, company=cls.company_b)

    def read(self, run):
        tables = [pq.read_table(io.BytesIO(record._content())) for record in run.file_ids]
        return [row for table in tables for row in table.to_pylist()]

    def test_rows_are_those_of_the_ledger(self):
        run = self.run_export(self.make_export())
        self.assertEqual(run.state, "delivered", run.exchange_id.exception_ids.mapped("summary"))
        items = self.env["account.move.line"].search(
            [("company_id", "=", self.company_a.id), ("parent_state", "=", "posted")]
        )
        rows = self.read(run)
        self.assertEqual({row["id"] for row in rows}, set(items.ids))
        self.assertEqual(run.row_count, len(items))
        by_id = {row["id"]: row for row in rows}
        for item in items:
            row = by_id[item.id]
            self.assertEqual(row["account"], item.with_company(self.company_a).account_id.code)
            self.assertEqual(row["entry"], item.move_id.name)
            self.assertEqual(row["balance"], Decimal(str(item.balance)))
            self.assertEqual(row["currency"], "EUR")

    def test_a_run_is_called_by_data_set_days_and_number(self):
        run = self.run_export(self.make_export())
        self.assertEqual(run.display_name.split(", ")[0], run.dataset_id.name)
        self.assertIn(format_date(self.env, run.date_from), run.display_name)
        self.assertNotIn(run.uid, run.display_name)
        self.assertTrue(run.display_name.endswith(f" run {run.id}"), run.display_name)
        # Found by what people call it, and by what folders do.
        for said in (run.dataset_id.name, run.export_id.name, run.uid):
            self.assertIn(run.id, [found for found, _name in run.name_search(said)])

    def test_totals_are_shown_as_amounts(self):
        run = self.run_export(self.make_export())
        run.totals = [
            {"account": "400000", "rows": 2, "debit": "27096.5", "credit": "0", "balance": "-1.005"}
        ]
        head, line = run.totals_text.splitlines()
        self.assertEqual(head.split(), ["account", "rows", "debit", "credit", "balance"])
        self.assertEqual(line.split(), ["400000", "2", "27,096.50", "0.00", "-1.005"])

    def test_amounts_are_decimals_in_the_file(self):
        run = self.run_export(self.make_export())
        schema = pq.read_schema(io.BytesIO(run.file_ids[0]._content()))
        self.assertEqual(str(schema.field("balance").type), "decimal128(28, 6)")
        self.assertEqual(sum(row["balance"] for row in self.read(run)), 0)

    def test_manifest_comes_with_every_file_and_names_it(self):
        run = self.run_export(self.make_export())
        [(path, content)] = self.delivered(".json").items()
        manifest = json.loads(content)
        self.assertEqual(path, f"dataset=journal_items/v=1/_manifests/{run.uid}.json")
        self.assertEqual(sha256_hex(content), run.manifest_digest)
        files = self.delivered(".parquet")
        self.assertEqual({entry["path"] for entry in manifest["files"]}, set(files))
        for entry in manifest["files"]:
            self.assertEqual(sha256_hex(files[entry["path"]]), entry["sha256"])
        self.assertEqual(manifest["rows"], run.row_count)

    def test_next_manifest_names_the_one_before(self):
        export = self.make_export()
        first, second = self.run_export(export), self.run_export(export)
        content = json.loads(second.exchange_id._content())
        self.assertEqual(content["previous_manifest_sha256"], first.manifest_digest)

    def test_totals_that_differ_from_the_ledger_hold_the_run(self):
        query = self.registry["reporting.query"]
        original = query._ledger_totals

        def forgetful(model, record, company, period):
            from odoo.tools import SQL

            return SQL("SELECT * FROM (%s) AS t LIMIT 1", original(model, record, company, period))

        with patch.object(query, "_ledger_totals", forgetful):
            run = self.run_export(self.make_export())
        self.assertEqual(run.state, "held")
        [exception] = run.exchange_id.exception_ids
        self.assertEqual(exception.code, "export_totals_differ")
        self.assertIn("rows", run.differences_text)
        self.assertFalse(self.delivered(".json"))
        self.assertFalse(self.delivered(".parquet"))

    def test_person_may_send_what_differs_and_it_is_audited(self):
        with patch.object(
            self.registry["reporting.run"],
            "_prove",
            lambda *_args: [
                {
                    "entity": "1",
                    "account": "1",
                    "currency": "",
                    "what": "rows",
                    "ledger": "1",
                    "exported": "2",
                }
            ],
        ):
            run = self.run_export(self.make_export())
        self.assertEqual(run.state, "held")
        run.exchange_id.exception_ids.with_user(self.operator).action_resolve("Known: rounding.")
        run.exchange_id._job_send()
        self.assertEqual(run.state, "delivered")

    def test_row_that_breaks_the_contract_holds_the_run_and_is_named(self):
        dataset = self.env.ref("reporting_export.dataset_journal_items")
        contract = dataset.active_contract_id.copy()
        contract.column_ids.filtered(lambda column: column.name == "reference").required = True
        contract.action_activate()
        run = self.run_export(self.make_export())
        self.assertEqual(run.state, "held")
        [exception] = run.exchange_id.exception_ids
        self.assertEqual(exception.code, "export_schema_violation")
        self.assertIn("reference", exception.summary)

    def test_sending_again_changes_nothing(self):
        run = self.run_export(self.make_export())
        before = self.delivered("")
        adapter = self.target._adapter()
        outcome = adapter._deliver_run(self.target, run, run.exchange_id._content())
        self.assertEqual(set(json.loads(outcome["response"]).values()), {"identical"})
        self.assertEqual(self.delivered(""), before)

    def test_other_file_at_the_target_is_never_overwritten(self):
        export = self.make_export()
        run = export._start("full")
        folder = self.root / "dataset=journal_items/v=1/_manifests"
        folder.mkdir(parents=True)
        (folder / f"{run.uid}.json").write_bytes(b"{}")
        run.exchange_id._job_send()
        self.assertEqual(run.state, "held")
        self.assertEqual(run.exchange_id.exception_ids.code, "export_target_differs")
        self.assertEqual((folder / f"{run.uid}.json").read_bytes(), b"{}")

    def test_next_run_waits_until_the_one_before_is_over(self):
        export = self.make_export(kind="incremental", next_run_at="2026-01-01")
        first = export._start("incremental")
        backfill = self.env["reporting.backfill"].create(
            {"export_id": export.id, "date_from": "2026-01-01", "date_to": "2026-01-31"}
        )
        differing = dict.fromkeys(("what", "account", "exported", "ledger"), "")
        self.startPatcher(patch.object(self.registry["ir.cron"], "_commit_progress"))
        with patch.object(self.registry["reporting.run"], "_prove", lambda *_args: [differing]):
            for state in ("queued", "held"):
                self.assertEqual(first.state, state)
                with self.assertRaises(UserError):
                    export.with_user(self.operator).action_run()
                with self.assertRaises(UserError):
                    backfill.action_start()
                self.env["reporting.export"]._cron_run()
                self.assertEqual(export.run_ids, first)
                export.next_run_at = "2026-01-01"
                first.exchange_id._job_send()
        first.with_user(self.operator).action_cancel()
        self.env["reporting.export"]._cron_run()
        [second] = export.run_ids - first
        second.exchange_id._job_send()
        self.assertEqual(second.state, "delivered")
        self.assertFalse(second.previous_id)

    def since(self, run):
        self.assertEqual(run.state, "delivered", run.exchange_id.exception_ids.mapped("summary"))
        return json.loads(run.exchange_id._content())["since"]

    def test_run_that_reads_otherwise_than_the_one_before_reads_everything(self):
        export = self.make_export(kind="incremental")
        self.assertIsNone(self.since(self.run_export(export)))
        self.assertTrue(self.since(self.run_export(export)))
        for values in (
            {"entity_ids": [(4, self.company_b.id)]},
            {"date_from": "2025-01-01"},
            {"file_format": "jsonl"},
            {"mask_personal": True},
        ):
            with self.subTest(values):
                export.write(values)
                self.assertIsNone(self.since(self.run_export(export)))
                self.assertTrue(self.since(self.run_export(export)))
        with self.subTest("contract"):
            export.dataset_id.active_contract_id.copy().action_activate()
            self.assertIsNone(self.since(self.run_export(export)))
            self.assertTrue(self.since(self.run_export(export)))

    def test_rebuilding_a_snapshot_gives_the_same_bytes(self):
        run = self.run_export(self.make_export())
        before = run.file_ids.mapped("digest")
        run._build()
        self.assertEqual(run.file_ids.mapped("digest"), before)

    def test_csv_is_harmless_in_a_spreadsheet(self):
        self.invoices[0].line_ids[0].name = "=HYPERLINK(1)"
        self.run_export(self.make_export(file_format="csv"))
        content = b"".join(self.delivered(".csv").values()).decode()
        self.assertIn("'=HYPERLINK(1)", content)
        self.assertIn("-250.55", content)

    def test_json_lines_keep_the_published_schema(self):
        import jsonschema

        run = self.run_export(self.make_export(file_format="jsonl"))
        schema = json.loads(run.contract_id.json_schema)
        rows = [
            json.loads(line)
            for content in self.delivered(".jsonl").values()
            for line in content.splitlines()
        ]
        self.assertEqual(len(rows), run.row_count)
        for row in rows:
            jsonschema.validate(row, schema)

    def test_personal_columns_are_tokens_for_a_target_that_must_not_read_them(self):
        export = self.make_export(mask_personal=True)
        run = self.run_export(export)
        rows = self.read(run)
        names = {row["partner"] for row in rows if row["partner"]}
        self.assertNotIn("Customer", names)
        self.assertTrue(all(len(name) == 32 for name in names))
        other = self.run_export(self.make_export(mask_personal=True))
        self.assertFalse(names & {row["partner"] for row in self.read(other)})

    def test_what_is_personal_and_cannot_be_masked_is_not_exported_bare(self):
        export = self.make_export(mask_personal=True, next_run_at="2026-01-01")
        contract = export.dataset_id.active_contract_id.copy()
        contract.column_ids.filtered(lambda column: column.name == "date").personal = True
        contract.action_activate()
        with self.assertRaises(UserError):
            export.with_user(self.operator).action_run()
        # The schedule says so and goes on to the next one.
        other = self.make_export("payments", next_run_at="2026-01-02")
        with patch.object(self.registry["ir.cron"], "_commit_progress"):
            self.env["reporting.export"]._cron_run()
        self.assertFalse(export.run_ids)
        self.assertIn("date", export.message_ids[0].body)
        self.assertEqual(len(other.run_ids), 1)

    def test_trial_balance_adds_up_and_equals_the_items(self):
        items = self.read(self.run_export(self.make_export(), date_to=None))
        run = self.run_export(self.make_export("trial_balance"))
        self.assertEqual(run.state, "delivered", run.exchange_id.exception_ids.mapped("summary"))
        expected = {}
        for row in items:
            expected[row["account"]] = expected.get(row["account"], 0) + row["balance"]
        closing = {row["account"]: row["closing"] for row in self.read(run)}
        self.assertEqual(closing, expected)

    def test_every_shipped_dataset_can_be_exported(self):
        for dataset in self.env["reporting.dataset"].search([]):
            with self.subTest(dataset.code):
                run = self.run_export(self.make_export(dataset.code))
                self.assertEqual(
                    run.state, "delivered", run.exchange_id.exception_ids.mapped("summary")
                )

    def test_locking_a_month_exports_it_frozen(self):
        export = self.make_export(kind="close", date_from="2026-02-01")
        self.company_a.fiscalyear_lock_date = "2026-02-28"
        run = export.run_ids
        self.assertEqual(
            (run.kind, str(run.date_from), str(run.date_to)), ("close", "2026-02-01", "2026-02-28")
        )
        run.exchange_id._job_send()
        self.assertEqual(run.state, "delivered")
        self.assertTrue(run.row_count)

    def test_row_leads_back_to_the_bytes_of_the_bank(self):
        self.bring(self.file(("5.00", "x")))
        rows = self.read(self.run_export(self.make_export()))
        line = self.lines()
        found = [row for row in rows if row["entry_id"] == line.move_id.id]
        self.assertEqual({row["exchange"] for row in found}, {line.exchange_id.name})
        self.assertEqual({row["bank_position"] for row in found}, {line.bank_position})


@tagged("post_install", "-at_install")
class TestLineage(ExportCase):
    """A lineage backend hears of a run once when it starts and once when it ended."""

    def test_start_and_end_of_a_run_are_told(self):
        backend = self.make_connection("openlineage", endpoint="https://lineage.example.com")
        interface = self.make_interface("lineage", backend)
        self.make_invoice(100)
        run = self.run_export(self.make_export(lineage_interface_id=interface.id))
        self.assertEqual(run.state, "delivered")
        events = [
            json.loads(exchange._content())
            for exchange in self.env["finance.exchange"].search(
                [("interface_id", "=", interface.id)], order="id"
            )
        ]
        self.assertEqual([event["eventType"] for event in events], ["START", "COMPLETE"])
        self.assertEqual({event["run"]["runId"] for event in events}, {run.uid})
        [output] = events[1]["outputs"]
        self.assertEqual(output["outputFacets"]["outputStatistics"]["rowCount"], run.row_count)
        lineage = output["facets"]["columnLineage"]["fields"]
        [source] = lineage["account"]["inputFields"]
        self.assertEqual((source["name"], source["field"]), ("account.account", "code"))
