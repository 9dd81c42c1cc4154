"""The fence around the pure layer holds."""

import pytest

from lib import structure


def _complaints(tmp_path, source, allowed=("below",)):
    path = tmp_path / "addons/mine/tools/module.py"
    path.parent.mkdir(parents=True)
    path.write_text(source)
    return [what for _line, what in structure.impure_imports(path, tmp_path, {"mine", *allowed})]


@pytest.mark.parametrize(
    "source",
    [
        "import odoo",
        "import odoo.tools",
        "from odoo import api",
        "from odoo.addons import account",
        "from odoo.addons.mine import models",
        "from odoo.addons.mine.models import x",
        "from odoo.addons.above.tools import x",
        "from ..models import x",
        "def late():\n    from odoo import fields",
    ],
)
def test_import_that_leaves_the_pure_layer_is_named(tmp_path, source):
    assert len(_complaints(tmp_path, source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "import decimal",
        "from lxml import etree",
        "from . import errors",
        "from .errors import FinalError",
        "from odoo.addons.mine.tools import x",
        "from odoo.addons.below.tools.errors import FinalError",
    ],
)
def test_import_within_the_pure_layer_passes(tmp_path, source):
    assert _complaints(tmp_path, source) == []


def test_colour_that_no_theme_can_change_is_named():
    sheet = (
        ".a {\n color: #14532d;\n background: rgba(0, 0, 0, 0.1);\n border: var(--border-color);\n}"
    )
    assert list(structure.own_colours(sheet)) == [2, 3]
    assert not list(structure.own_colours(f"// Fixed pairs of text and ground.\n{sheet}"))


_ACTION = """<odoo><record id="one" model="ir.actions.act_window">
    <field name="view_mode">%s</field>%s
</record></odoo>"""
_HELP = '<field name="help"><p>Nothing yet</p>%s</field>'


@pytest.mark.parametrize(
    ("mode", "words", "silent"),
    [
        ("list,form", "", True),
        ("list,form", _HELP % "", True),
        ("list,form", _HELP % "<p>Do this.</p>", False),
        ("form", "", False),
    ],
)
def test_list_that_is_empty_without_a_word_is_named(mode, words, silent):
    found = list(structure.silent_screens((_ACTION % (mode, words)).encode()))
    assert bool(found) == silent


@pytest.mark.parametrize(
    ("button", "silent"),
    [
        ('<button name="a" icon="fa-undo"/>', True),
        ('<button name="a" icon="fa-undo" title="Undo"/>', False),
        ('<button name="a" string="Undo"/>', False),
        ('<button name="a"><field name="count" widget="statinfo"/></button>', False),
    ],
)
def test_button_without_words_is_named(button, silent):
    views = f'<odoo><record model="ir.ui.view"><field name="arch"><list>{button}</list></field></record></odoo>'
    assert bool(list(structure.silent_screens(views.encode()))) == silent
