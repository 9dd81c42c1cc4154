"""Writes what the readers say of each sample anew: run it with the Python of ``.run/venv`` and read the diff."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import conftest  # noqa: F401 - lets the pure layer be imported without Odoo
from test_flat_golden import FILES, written

for sample in FILES:
    sample.with_suffix(".json").write_text(written(sample))
