"""Lineage events have what the specification requires, and the columns where they come from."""

import datetime
import uuid

from odoo.addons.finance_connector_base.tools.digest import canonical_json
from odoo.addons.reporting_export.tools import lineage


def event(contract, kind, **options):
    return lineage.run_event(
        kind,
        run=uuid.UUID(int=1),
        when=datetime.datetime(2026, 1, 31, 23, tzinfo=datetime.UTC),
        namespace="odoo://db",
        contract=contract,
        sources={"id": ("account.move.line", "id"), "account": ("account.account", "code")},
        target=("folder://Lake", contract.full_name),
        **options,
    )


def test_complete_event_has_schema_column_lineage_and_totals(contract):
    totals = [{"entity": "a", "account": "4", "currency": "EUR", "rows": 2, "balance": "0.10"}]
    told = event(contract, lineage.COMPLETE, totals=totals * 3, rows=6, size=9, files=1)
    canonical_json(told)
    [output] = told["outputs"]
    assert [field["name"] for field in output["facets"]["schema"]["fields"]] == [
        column.name for column in contract.columns
    ]
    [source] = output["facets"]["columnLineage"]["fields"]["account"]["inputFields"]
    assert (source["name"], source["field"]) == ("account.account", "code")
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == 6
    quality = told["inputs"][0]["inputFacets"]["dataQualityMetrics"]
    assert quality["columnMetrics"] == {"balance": {"sum": "0.3"}}
    for facet in (*output["facets"].values(), quality):
        assert facet["_producer"] and facet["_schemaURL"].startswith("https://openlineage.io/")


def test_failed_event_says_why(contract):
    told = event(contract, lineage.FAIL, error="Cancelled by Olivia.")
    assert told["run"]["facets"]["errorMessage"]["message"] == "Cancelled by Olivia."
    assert told["eventTime"] == "2026-01-31T23:00:00Z"
