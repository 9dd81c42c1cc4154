"""Payment files against the official XSDs of ISO 20022, with each error in words.

The schemas are those of the ``sepaxml`` package: it carries them as the registration authority publishes them
(https://www.iso20022.org/catalogue-messages). Nothing else of it is used.
"""

import functools
import importlib.util
import re
import threading
from pathlib import Path

from lxml import etree

from odoo.addons.finance_connector_base.tools.safe_xml import local_name

from .violations import Violation

TRANSACTIONS = ("CdtTrfTxInf", "DrctDbtTxInf")
_MOST = 200
# The list of errors belongs to the schema, so one validation at a time uses it.
_LOCK = threading.Lock()

# Facet of libxml2 -> the rule in words; the number is what the schema says.
_WORDS = {
    "SCHEMAV_CVC_MAXLENGTH_VALID": "The format allows {0} characters at most.",
    "SCHEMAV_CVC_MINLENGTH_VALID": "The format wants {0} characters at least.",
    "SCHEMAV_CVC_PATTERN_VALID": "The format wants the form {0}.",
    "SCHEMAV_CVC_ENUMERATION_VALID": "The format knows {0}.",
    "SCHEMAV_CVC_FRACTIONDIGITS_VALID": "The format allows {0} decimals at most.",
    "SCHEMAV_CVC_TOTALDIGITS_VALID": "The format allows {0} digits at most.",
    "SCHEMAV_CVC_MININCLUSIVE_VALID": "The format wants {0} at least.",
    "SCHEMAV_ELEMENT_CONTENT": "The format does not have it here, or misses something: {0}.",
}
_DETAIL = {
    "SCHEMAV_CVC_MAXLENGTH_VALID": re.compile(r"maximum length of '(\d+)'"),
    "SCHEMAV_CVC_MINLENGTH_VALID": re.compile(r"minimum length of '(\d+)'"),
    "SCHEMAV_CVC_PATTERN_VALID": re.compile(r"pattern '(.+)'"),
    "SCHEMAV_CVC_ENUMERATION_VALID": re.compile(r"set \{(.+)\}"),
    "SCHEMAV_CVC_FRACTIONDIGITS_VALID": re.compile(r"'(\d+)'\.?$"),
    "SCHEMAV_CVC_TOTALDIGITS_VALID": re.compile(r"'(\d+)'\.?$"),
    "SCHEMAV_CVC_MININCLUSIVE_VALID": re.compile(r"value allowed \('([^']+)'\)"),
    "SCHEMAV_ELEMENT_CONTENT": re.compile(r"(Expected is .+?)\.?$|(Missing child.+?)\.?$"),
}
_BRACED = re.compile(r"\{urn:[^}]*\}")


def violations(code, root):
    """Return what the official schema of a message does not allow in ``root``.

    :param str code: e.g. ``pain.001.001.09``.
    :param root: ``lxml.etree._Element``.
    :rtype: list[Violation]
    """
    schema = _schema(code)
    with _LOCK:
        if schema.validate(root):
            return []
        errors = [(entry.path, entry.type_name, entry.message) for entry in schema.error_log]
    found, seen = [], set()
    for path, kind, message in errors:
        # libxml2 says of a value twice what is wrong: by the rule, and that it is wrong.
        if path in seen:
            continue
        seen.add(path)
        found.append(_violation(root, path, kind, message))
        if len(found) == _MOST:
            break
    return found


def subject(element):
    """Return which payment ``element`` belongs to, in words; empty for none."""
    for parent in (element, *element.iterancestors()):
        if local_name(parent) in TRANSACTIONS:
            names = ["{*}PmtId/{*}EndToEndId", "{*}Cdtr/{*}Nm", "{*}Dbtr/{*}Nm"]
            reference, *parties = (parent.findtext(name) for name in names)
            return f"Payment {reference} ({next(filter(None, parties), '')})"
    return ""


def tag(element):
    """Return where ``element`` stands, from its payment or the message on."""
    names = []
    for parent in (element, *element.iterancestors()):
        name = local_name(parent)
        if name in (*TRANSACTIONS, "PmtInf", "Document"):
            break
        names.append(name)
    return "/".join(reversed(names)) or local_name(element)


@functools.cache
def _schema(code):
    package = importlib.util.find_spec("sepaxml")
    folder = Path(package.submodule_search_locations[0]) / "schemas"
    return etree.XMLSchema(etree.parse(folder / f"{code}.xsd"))


def _violation(root, path, kind, message):
    element = next(iter(root.getroottree().xpath(path)), root) if path else root
    found = _DETAIL[kind].search(message) if kind in _DETAIL else None
    detail = next(filter(None, found.groups())) if found else _BRACED.sub("", message)
    words = _WORDS.get(kind, "The format does not allow it: {0}")
    return Violation(
        tag=tag(element),
        value=(element.text or "").strip(),
        rule=words.format(_BRACED.sub("", detail)),
        remedy="Correct it where it comes from: the payment, the contact, its bank account or the channel.",
        subject=subject(element),
    )
