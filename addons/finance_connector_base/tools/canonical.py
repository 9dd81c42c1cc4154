"""Canonical documents and their JSON form: frozen dataclasses of ``Decimal``, dates and text.

Amounts, dates and times are written as text, absent values as null; the round trip is exact.
"""

import datetime
import functools
import operator
import types
import typing
from dataclasses import MISSING, fields, is_dataclass
from decimal import Decimal

_AS_THEY_ARE = frozenset({str, int, bool, type(None)})


def to_plain(value, *, brief=False):
    """Return the JSON form of a document or of a part of it.

    :param value: a dataclass, or anything that one holds.
    :param bool brief: leave out what a class has by default, as nearly all that a booking might say;
        :func:`from_plain` reads it all the same.
    """
    return _writer(type(value), brief)(value)


@functools.cache
def _writer(kind, brief):
    """:return: the function that gives the JSON form of what has the type ``kind``"""
    if kind in _AS_THEY_ARE:
        return _as_it_is
    if is_dataclass(kind):
        return _dataclass_writer(fields(kind), brief)
    if issubclass(kind, tuple):
        return lambda value: [to_plain(item, brief=brief) for item in value]
    if issubclass(kind, Decimal):
        return lambda value: format(value, "f")
    if issubclass(kind, datetime.date):
        return kind.isoformat
    return dict if issubclass(kind, dict) else _as_it_is


def _dataclass_writer(items, brief):
    names = tuple(item.name for item in items)
    defaults = tuple(_default(item) if brief else MISSING for item in items)

    def write(value):
        # Most fields of most documents are texts or absent, and need no call.
        return {
            name: item if type(item) in _AS_THEY_ARE else _writer(type(item), brief)(item)
            for name, default, item in zip(names, defaults, read(value), strict=True)
            if item is not default and item != default
        }

    # Of one field alone a getter would give the bare value.
    read = (
        operator.attrgetter(*names)
        if len(names) > 1
        else lambda value: [getattr(value, name) for name in names]
    )
    return write


def _default(item):
    return item.default if item.default_factory is MISSING else item.default_factory()


def _as_it_is(value):
    return value


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
