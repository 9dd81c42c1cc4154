"""OpenLineage 2-0-2: where the rows of a run came from, told as run events."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from .contract import Contract, physical_type
from .totals import text

_SPEC = "https://openlineage.io/spec"
SCHEMA_URL = f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
PRODUCER = "urn:finance-connectivity:reporting_export:1"
START, COMPLETE, FAIL = "START", "COMPLETE", "FAIL"


def run_event(
    kind: str,
    *,
    run: uuid.UUID,
    when: datetime.datetime,
    namespace: str,
    contract: Contract,
    sources: Mapping[str, tuple[str, str]],
    target: tuple[str, str],
    totals: Sequence[Mapping[str, Any]] = (),
    rows: int | None = None,
    size: int = 0,
    files: int = 0,
    error: str = "",
) -> dict[str, Any]:
    """Return one run event.

    :param kind: ``START``, ``COMPLETE`` or ``FAIL``; a run has one start and one end.
    :param when: aware time of the event.
    :param namespace: the database, e.g. ``odoo://db``.
    :param sources: for each column, the model and field its value is read from.
    :param target: namespace and name of what was written.
    :param totals: control totals, one entry for each entity, account and currency.
    """
    models = sorted({model for model, _field in sources.values()})
    output_facets: dict[str, Any] = {}
    if kind == COMPLETE:
        output_facets["outputStatistics"] = _facet(
            "1-0-2/OutputStatisticsOutputDatasetFacet.json",
            rowCount=rows,
            size=size,
            fileCount=files,
        )
    return {
        "eventType": kind,
        "eventTime": when.isoformat().replace("+00:00", "Z"),
        "producer": PRODUCER,
        "schemaURL": SCHEMA_URL,
        "run": {
            "runId": str(run),
            "facets": {
                "errorMessage": _facet(
                    "1-0-1/ErrorMessageRunFacet.json", message=error, programmingLanguage="python"
                )
            }
            if error
            else {},
        },
        "job": {"namespace": namespace, "name": f"export.{contract.dataset}"},
        "inputs": [
            {
                "namespace": namespace,
                "name": model,
                "inputFacets": {"dataQualityMetrics": _quality(rows, totals)}
                if kind == COMPLETE and model == models[0]
                else {},
            }
            for model in models
        ],
        "outputs": [
            {
                "namespace": target[0],
                "name": target[1],
                "facets": {
                    "schema": _schema(contract),
                    "columnLineage": _column_lineage(namespace, sources),
                },
                "outputFacets": output_facets,
            }
        ],
    }


def _facet(schema: str, **content: Any) -> dict[str, Any]:
    return {"_producer": PRODUCER, "_schemaURL": f"{_SPEC}/facets/{schema}", **content}


def _schema(contract: Contract) -> dict[str, Any]:
    return _facet(
        "1-2-0/SchemaDatasetFacet.json",
        fields=[
            {
                "name": column.name,
                "type": physical_type(column.type),
                "description": column.description,
                "ordinal_position": number,
            }
            for number, column in enumerate(contract.columns, start=1)
        ],
    )


def _column_lineage(namespace: str, sources: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    return _facet(
        "1-2-0/ColumnLineageDatasetFacet.json",
        fields={
            column: {
                "inputFields": [
                    {
                        "namespace": namespace,
                        "name": model,
                        "field": field,
                        "transformations": [{"type": "DIRECT", "subtype": "IDENTITY"}],
                    }
                ]
            }
            for column, (model, field) in sources.items()
        },
    )


def _quality(rows: int | None, totals: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    sums: dict[str, Decimal] = {}
    for total in totals:
        for name, value in total.items():
            if name not in ("entity", "account", "currency", "rows"):
                sums[name] = sums.get(name, Decimal(0)) + Decimal(value)
    return _facet(
        "1-0-3/DataQualityMetricsInputDatasetFacet.json",
        rowCount=rows,
        # As text, so that no cent is lost; a reader of numbers takes it as well.
        columnMetrics={name: {"sum": text(value)} for name, value in sums.items()},
    )
