import json
from datetime import date

from odoo.sql_db import connection_info_for, db_connect
from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.finance_connector_base.tools.errors import BusinessError

from .common import ExportCase

_SCHEMA = "warehouse_of_a_test"


@tagged("post_install", "-at_install")
class TestWarehouse(ExportCase):
    """A warehouse goes from one run's state to the next one's, whatever arrives first or was lost there."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        name, info = connection_info_for(cls.env.cr.dbname)
        address = f"postgresql://{info.get('user') or ''}@/{name}?host={info.get('host') or ''}"
        cls.warehouse = cls.make_connection(
            "warehouse", endpoint=f"{address}#{_SCHEMA}", allow_private_address=True
        )
        cls.addClassCleanup(cls._in_the_warehouse, "DROP SCHEMA IF EXISTS %s CASCADE")
        cls.loads = cls.make_interface("reporting_run", cls.warehouse)
        cls.make_invoice(100)

    @classmethod
    def _in_the_warehouse(cls, statement):
        """It is a schema of the test's database, and changed by transactions of its own."""
        with db_connect(cls.env.cr.dbname).cursor() as cr:
            cr.execute(SQL(statement, SQL.identifier(_SCHEMA)))

    def start(self, kind):
        """A run that was read and not delivered, as those are that an earlier release left."""
        run = self.export._start(kind)
        run.exchange_id._store_prepared(run._build())
        return run

    def load(self, run):
        return self.warehouse._adapter()._deliver_run(
            self.warehouse, run, run.exchange_id._content()
        )

    def setUp(self):
        super().setUp()
        self.export = self.make_export(interface_id=self.loads.id, kind="incremental")
        self._in_the_warehouse("DROP SCHEMA IF EXISTS %s CASCADE")

    def assert_out_of_order(self, run):
        with self.assertRaises(BusinessError) as caught:
            self.load(run)
        self.assertEqual(caught.exception.code, "warehouse_out_of_order")

    def test_changes_wait_for_what_they_change(self):
        first, second = self.start("incremental"), self.start("incremental")
        self.assertEqual(second.previous_id, first)
        self.assert_out_of_order(second)
        self.load(first)
        self.load(second)

    def test_older_rows_do_not_come_back(self):
        first, second = self.start("full"), self.start("full")
        self.load(second)
        self.assert_out_of_order(first)

    def test_closed_months_come_in_any_order(self):
        export = self.make_export(interface_id=self.loads.id, kind="close")
        runs = [
            export._start("close", day.replace(day=1), day)
            for day in (date(2026, 1, 31), date(2026, 2, 28))
        ]
        for run in runs:
            run.exchange_id._store_prepared(run._build())
        self.assertEqual(runs[1].previous_id, runs[0])
        for run in reversed(runs):
            self.load(run)

    def test_warehouse_that_was_emptied_gets_everything_before_changes(self):
        self.assertEqual(self.run_export(self.export).state, "delivered")
        self._in_the_warehouse("DROP SCHEMA %s CASCADE")
        held = self.run_export(self.export)
        self.assertEqual(held.state, "held")
        self.assertEqual(held.exchange_id.exception_ids.code, "warehouse_out_of_order")
        held.with_user(self.operator).action_cancel()
        for kind in ("full", "incremental"):
            self.export.kind = kind
            self.assertEqual(self.run_export(self.export).state, "delivered")

    def test_table_of_an_earlier_release_is_taken_over(self):
        self.run_export(self.export)
        self._in_the_warehouse("ALTER TABLE %s._runs DROP COLUMN previous_manifest_sha256")
        self.assertEqual(self.run_export(self.export).state, "delivered")

    def test_other_target_gets_everything(self):
        self.run_export(self.export)
        self.export.interface_id = self.reporting
        run = self.run_export(self.export)
        self.assertEqual(run.state, "delivered")
        self.assertIsNone(json.loads(run.exchange_id._content())["since"])
