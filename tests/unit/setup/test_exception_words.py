"""What exceptions say can be translated: a text of the pure catalogue that nobody marked would be in no template."""

import importlib
import re

import pytest

from odoo.addons.finance_connector_base.tools.exception_codes import describe_code, known_codes

from lib.paths import ADDONS

for _path in sorted(ADDONS.glob("*/tools/exception_codes.py")):
    importlib.import_module(f"odoo.addons.{_path.parts[-3]}.tools.exception_codes")


def _texts(addon: str) -> set[str]:
    """:return: the texts of the addon's template."""
    template = (ADDONS / addon / f"i18n/{addon}.pot").read_text()
    quoted = re.findall(r'^msgid ((?:"(?:[^"\\]|\\.)*"\n)+)', template, re.MULTILINE)
    return {
        "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', text)).replace('\\"', '"') for text in quoted
    }


_TEMPLATES: dict[str, set[str]] = {}


@pytest.mark.parametrize("code", [*known_codes(), "not_in_the_catalogue"])
def test_words_are_in_the_template_of_their_addon(code):
    words = describe_code(code)
    texts = _TEMPLATES.setdefault(words.addon, _texts(words.addon))
    assert words.next_step in texts
    if code in known_codes():
        assert words.title in texts
