"""The runbooks as the page that the exceptions in Odoo link to.

Run as a program after a change of ``docs/runbooks.md``, it writes the page anew. It knows the Markdown that the
runbooks use: headings, paragraphs, numbered lists, bold.
"""

import html
import re
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
SOURCE = _ROOT / "docs/runbooks.md"
PAGE = _ROOT / "addons/finance_connector_base/static/runbooks.html"

_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Runbooks</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; padding: .25rem .5rem; border-left: .3rem solid #714b67; }
h2:target { background: #fff3cd; }
</style>
</head>
<body>
"""
_NUMBER = re.compile(r"\d+\. ")


def sections(text: str) -> list[str]:
    """:return: the codes that have a section, in their order."""
    return re.findall(r"^## (.+)$", text, re.MULTILINE)


def render(text: str) -> str:
    """:return: the page; each section has its code as anchor."""
    blocks = [_block(block) for block in text.strip().split("\n\n")]
    return _HEAD + "\n".join(blocks) + "\n</body>\n</html>\n"


def _block(block: str) -> str:
    if block.startswith("## "):
        code = html.escape(block.removeprefix("## "))
        return f'<h2 id="{code}">{code}</h2>'
    if block.startswith("# "):
        return f"<h1>{_inline(block.removeprefix('# '))}</h1>"
    if _NUMBER.match(block):
        items = re.split(r"^\d+\. ", block, flags=re.MULTILINE)[1:]
        return "<ol>\n" + "".join(f"<li>{_inline(item.strip())}</li>\n" for item in items) + "</ol>"
    return f"<p>{_inline(block)}</p>"


def _inline(text: str) -> str:
    return re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", html.escape(text, quote=False))


if __name__ == "__main__":
    PAGE.write_text(render(SOURCE.read_text()))
