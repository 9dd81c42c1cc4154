"""What is declared outside the database: section ``[finance]`` of ``odoo.conf``, or the environment.

A copy of the database therefore carries neither its keys nor the right to act as production.
"""

import configparser
import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from odoo.addons.finance_connector_base.tools.errors import FinalError

SECTION = "finance"
ENVIRONMENTS = ("production", "test", "sandbox")
_OPTIONS = ("environment", "key_file", "audit_anchor", "region", "mask_patterns", "file_roots")


class SettingsError(FinalError):
    """A value in section ``[finance]`` cannot be used."""

    def __init__(self, message):
        super().__init__(message, code="settings_invalid")


@dataclass(frozen=True)
class Settings:
    """The declared values.

    :param str environment: ``production``, ``test`` or ``sandbox``; nothing declared is a test.
    :param str key_file: path of the key ring, or ``None``.
    :param str audit_anchor: path of the file that witnesses the audit chain, or ``None``.
    :param tuple regions: regions that data may go to; empty: not limited.
    :param tuple mask_patterns: regular expressions of further text that is never shown or logged.
    :param tuple file_roots: folders below which connections may read and write files; empty: nowhere.
    """

    environment: str = "test"
    key_file: str | None = None
    audit_anchor: str | None = None
    regions: tuple[str, ...] = ()
    mask_patterns: tuple[str, ...] = ()
    file_roots: tuple[str, ...] = ()


def read_settings(path, environ=os.environ):
    """Read the settings; ``FINANCE_<OPTION>`` in the environment wins over the file.

    :param str path: the configuration file of Odoo; one that does not exist declares nothing.
    :param environ: mapping of environment variables.
    :rtype: Settings
    :raise SettingsError: the value cannot be used; the sentence says which and what would do.
    """
    values = dict(_read_section(path, _changed_ns(path)))
    for option in _OPTIONS:
        variable = environ.get(f"FINANCE_{option.upper()}")
        if variable is not None:
            values[option] = variable
    environment = values.get("environment", "").strip() or "test"
    if environment not in ENVIRONMENTS:
        raise SettingsError(
            f"[{SECTION}] environment = {environment} is not known: use {', '.join(ENVIRONMENTS)}."
        )
    return Settings(
        environment=environment,
        key_file=_path(values.get("key_file")),
        audit_anchor=_path(values.get("audit_anchor")),
        regions=tuple(
            region.upper() for region in re.split(r"[,\s]+", values.get("region", "")) if region
        ),
        mask_patterns=_patterns(values.get("mask_patterns", "")),
        file_roots=tuple(
            _path(root) for root in values.get("file_roots", "").split(",") if root.strip()
        ),
    )


def _changed_ns(path):
    try:
        return Path(path).stat().st_mtime_ns if path else None
    except FileNotFoundError:
        return None


# Every audit event asks for the mask patterns: parsing odoo.conf each time cost more than storing the event.
@lru_cache(maxsize=8)
def _read_section(path, changed_ns):
    parser = configparser.RawConfigParser()
    if changed_ns is not None:
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError) as exc:
            raise SettingsError(f"{path} cannot be read as a configuration file: {exc}") from exc
    return dict(parser[SECTION]) if parser.has_section(SECTION) else {}


def _path(value):
    return str(Path(value.strip()).expanduser()) if value and value.strip() else None


def _patterns(text):
    patterns = tuple(line.strip() for line in text.splitlines() if line.strip())
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as exc:
            raise SettingsError(
                f"[{SECTION}] mask_patterns: {pattern!r} is not a regular expression: {exc}"
            ) from exc
    return patterns
