"""Every kind of exception has its runbook, and the page in Odoo is the one in the documentation."""

import importlib
import re

import pytest

from odoo.addons.finance_connector_base.tools.exception_codes import known_codes

from lib import runbooks

ADDONS = runbooks.SOURCE.parents[1] / "addons"
for _path in sorted(ADDONS.glob("*/tools/exception_codes.py")):
    importlib.import_module(f"odoo.addons.{_path.parts[-3]}.tools.exception_codes")

TEXT = runbooks.SOURCE.read_text()
BODIES = dict(re.findall(r"^## (\S+)\n(.*?)(?=^#|\Z)", TEXT, re.MULTILINE | re.DOTALL))


def test_every_code_has_one_section_and_no_section_is_orphaned():
    assert sorted(runbooks.sections(TEXT)) == known_codes()


@pytest.mark.parametrize("code", known_codes())
def test_section_says_what_it_means_what_to_do_and_when_it_is_over(code):
    body = BODIES[code].strip()
    assert "\n**Money:** " in body, "what it means for the money"
    assert "\n1. " in body, "what to do"
    assert re.search(r"^\*\*Over\*\* when ", body, re.MULTILINE), "how to know"
    assert len(body.splitlines()) <= 14


def test_code_of_every_business_error_is_in_the_catalogue():
    raised = {
        match[1]
        for path in ADDONS.glob("*/*/**/*.py")
        if not {"tests", "test_finance_suite"} & set(path.relative_to(ADDONS).parts)
        for match in re.finditer(
            r"(?:BusinessError|_open|_open_exception)\(\s*\"([a-z0-9_]+)\"", path.read_text()
        )
    }
    assert len(raised) > 10
    assert raised <= set(known_codes())


def test_page_in_odoo_is_up_to_date():
    assert runbooks.PAGE.read_text() == runbooks.render(TEXT), "run: python3 setup/lib/runbooks.py"


def test_page_has_an_anchor_for_each_code_and_runs_nothing():
    page = runbooks.PAGE.read_text()
    assert re.findall(r'<h2 id="([a-z0-9_]+)">', page) == runbooks.sections(TEXT)
    assert "<script" not in page
    assert "**" not in page


def test_text_is_escaped():
    assert "<p>a &lt;b&gt; &amp; <strong>c</strong></p>" in runbooks.render("a <b> & **c**")
