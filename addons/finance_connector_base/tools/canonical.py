"""Canonical documents and their JSON form: frozen dataclasses of ``Decimal``, dates and text.

Amounts, dates and times are written as text, absent values as null; the round trip is exact.
"""

import datetime
import functools
import types
import typing
from dataclasses import fields, is_dataclass
from decimal import Decimal

_AS_THEY_ARE = frozenset({str, int, bool, type(None)})


def to_plain(value):
    """Return the JSON form of a document or of a part of it.

    :param value: a dataclass, or anything that one holds.
    """
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if is_dataclass(kind):
        # Most fields of most documents are texts or absent, and need no call.
        return {
            name: item if type(item) in _AS_THEY_ARE else to_plain(item)
            for name in _field_names(kind)
            for item in (getattr(value, name),)
        }
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, dict):
        return dict(value)
    return value


@functools.cache
def _field_names(cls):
    return tuple(item.name for item in fields(cls))


def from_plain(expected, value):
    """Return what :func:`to_plain` was given.

    :param expected: the class, or a type as in its annotations.
    :param value: the JSON form.
    :raise ValueError: an unknown or missing field.
    """
    if value is None:
        return None
    if isinstance(expected, types.UnionType):
        expected = next(item for item in typing.get_args(expected) if item is not types.NoneType)
    if is_dataclass(expected):
        hints = _field_types(expected)
        unknown = value.keys() - hints.keys()
        if unknown:
            raise ValueError(f"{expected.__name__} has no field {', '.join(sorted(unknown))}.")
        try:
            return expected(**{name: from_plain(hints[name], item) for name, item in value.items()})
        except TypeError as error:
            raise ValueError(f"{expected.__name__}: {error}") from error
    if typing.get_origin(expected) is tuple:
        item_type = typing.get_args(expected)[0]
        return tuple(from_plain(item_type, item) for item in value)
    if expected is Decimal:
        return Decimal(value)
    if isinstance(expected, type) and issubclass(expected, datetime.date):
        return expected.fromisoformat(value)
    if typing.get_origin(expected) is dict:
        return dict(value)
    return value


@functools.cache
def _field_types(cls):
    return typing.get_type_hints(cls)
