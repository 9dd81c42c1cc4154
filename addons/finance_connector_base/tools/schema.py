"""JSON Schema of what an interface takes: draft 2020-12 unless the schema names another."""

import json
from decimal import Decimal

from jsonschema import validators
from jsonschema.exceptions import SchemaError, best_match

from .errors import BusinessError
from .masking import mask_text

_PLACES_SHOWN = 10


def parse_json(content):
    """Read JSON text.

    :param bytes content: UTF-8 text.
    :return: JSON values, with Decimal for every number that has a fraction.
    :raise BusinessError: code ``invalid_content``.
    """
    try:
        return json.loads(content, parse_float=Decimal)
    except (ValueError, RecursionError) as exc:
        raise BusinessError(
            "invalid_content",
            f"The content is no JSON: {mask_text(str(exc))}",
            "Ask the sender for a correct document.",
        ) from exc


def schema_problem(schema):
    """Say what is wrong with a schema itself.

    :param schema: JSON values.
    :return: one sentence, or None when it can be used.
    :rtype: str | None
    """
    if not isinstance(schema, dict):
        return "A JSON Schema is an object."
    try:
        validators.validator_for(schema).check_schema(schema)
    except SchemaError as exc:
        return f"{exc.json_path}: {exc.message}"
    return None


def check_schema(instance, schema):
    """Refuse what breaks ``schema``.

    :param instance: JSON values.
    :param dict schema: one without :func:`schema_problem`.
    :raise BusinessError: code ``schema_violation``; its evidence names the first places.
    """
    errors = sorted(
        validators.validator_for(schema)(schema).iter_errors(instance),
        key=lambda error: error.json_path,
    )
    if not errors:
        return
    worst = best_match(errors)
    raise BusinessError(
        "schema_violation",
        f"The content breaks the agreed format at {worst.json_path}: {mask_text(worst.message)}",
        evidence={
            "count": len(errors),
            "places": [
                f"{error.json_path}: {mask_text(error.message)}" for error in errors[:_PLACES_SHOWN]
            ],
        },
    )
