"""Which codes an addon writes into the audit trail, read from its source."""

import ast
import re
from pathlib import Path

from odoo.modules import get_module_path

_CODE = re.compile(r"[a-z_]+(\.[a-z_]+)?")
_WRITERS = {"_log", "_log_decision", "_set_state"}


def logged_codes(addon, prefix=""):
    """
    :param prefix: of codes that are given without their subject
    :return: the codes that stand in the calls of ``addon`` that write events
    :rtype: set
    """
    codes = set()
    for path in Path(get_module_path(addon)).rglob("*.py"):
        if "tests" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if node.func.attr in _WRITERS:
                codes |= {
                    text if "." in text else f"{prefix}.{text}"
                    for argument in node.args
                    for text in _texts(argument)
                    if "." in text or prefix
                }
    return codes


def _texts(node):
    if isinstance(node, ast.IfExp):
        return _texts(node.body) + _texts(node.orelse)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value] if _CODE.fullmatch(node.value) else []
    return []


def subjects_of(env, addon):
    """:return: subjects of the audited models that ``addon`` brings"""
    return {
        model._audit_subject
        for model in (
            env[name] for name in env.registry.descendants(["finance.audited.mixin"], "_inherit")
        )
        if model._audit_subject and model._original_module == addon
    }
