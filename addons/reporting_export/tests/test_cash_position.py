import io
from datetime import date
from decimal import Decimal

import pyarrow.parquet as pq

from odoo import Command
from odoo.tests import tagged

from .common import ExportCase


@tagged("post_install", "-at_install")
class TestCashPositionDataset(ExportCase):
    """Frozen positions are a data set: each account with the balance, rate and exchange it was made of."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.group = cls.env["cash.position.group"].create(
            {
                "name": "Europe",
                "code": "EU",
                "company_id": cls.company_a.id,
                "currency_id": cls.company_a.currency_id.id,
                "entity_ids": [Command.set((cls.company_a | cls.company_b).ids)],
            }
        )

    def rows(self, run):
        tables = [pq.read_table(io.BytesIO(record._content())) for record in run.file_ids]
        return [row for table in tables for row in table.to_pylist()]

    def test_frozen_positions_are_exported_by_entity(self):
        frozen = self.group.sudo()._freeze("manual")
        own = frozen.line_ids.filtered(lambda line: line.company_id == self.company_a)
        self.assertTrue(own)
        run = self.run_export(self.make_export("cash_position", date_from="2026-01-01"))
        self.assertEqual(run.state, "delivered", run.exchange_id.exception_ids.mapped("summary"))
        rows = {row["id"]: row for row in self.rows(run)}
        self.assertEqual(rows.keys(), set(own.ids))
        for line in own:
            row = rows[line.id]
            self.assertEqual(
                (row["position"], row["group"], row["digest"]), (frozen.name, "EU", frozen.digest)
            )
            self.assertEqual(row["date"], date.fromisoformat(str(frozen.date)))
            self.assertEqual(row["account"], line.account)
            self.assertEqual(row["ledger_balance"], Decimal(f"{line.ledger_balance:.2f}"))
            self.assertEqual(row["rate"], line.rate or None)

    def test_contract_is_in_force(self):
        contract = self.env.ref("reporting_export.contract_cash_position")
        self.assertEqual(contract.dataset_id.active_contract_id, contract)
