"""Runs inside Odoo's shell: ``i18n/<addon>.pot`` of each addon as Odoo exports it, and what is translated of it.

A template is true when it has the very words of the code; where these stand, and when it was made, nobody compares.
"""

import io
import re
from pathlib import Path

import polib

from odoo.tools.translate import trans_export

#: Change with each export and say nothing of the words.
_DATES = ("POT-Creation-Date", "PO-Revision-Date")
_PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[sd]|\$\{[^}]*\}")


def write(env, addons):
    """Write the templates that are not true to the code, and merge them into the translations there are.

    :param Path addons: the folder that holds the addons
    :return: the files that changed
    """
    changed = []
    for addon, folder, exported in _exported(env, addons):
        path = folder / f"{addon}.pot"
        if path.exists() and _words(polib.pofile(path)) == _words(exported):
            continue
        folder.mkdir(exist_ok=True)
        for date in _DATES:
            exported.metadata.pop(date, None)
        exported.save(path)
        changed.append(str(path))
        for translated in sorted(folder.glob("*.po")):
            language = polib.pofile(translated)
            language.merge(exported)
            for gone in language.obsolete_entries():
                language.remove(gone)
            language.save(translated)
            changed.append(str(translated))
    return changed


def complaints(env, addons):
    """:param Path addons: the folder that holds the addons
    :return: what is not true in templates and translations, each with what to do
    """
    found = []
    for addon, folder, exported in _exported(env, addons):
        path = folder / f"{addon}.pot"
        words = _words(exported)
        known = _words(polib.pofile(path)) if path.exists() else set()
        for title, differing in (("lacks", words - known), ("still has", known - words)):
            if differing:
                shown = ", ".join(repr(one) for one in sorted(differing)[:5])
                found.append(
                    f"{path.name} {title} {len(differing)} texts: {shown}. Run `setup/dev pot`."
                )
        for translated in sorted(folder.glob("*.po")):
            language = polib.pofile(translated)
            found += [f"{addon}/{translated.name}: {told}" for told in _broken(language)]
    return found


def _broken(language):
    """:return: translations that would fail, or lose a value, where they are shown"""
    for entry in language.translated_entries():
        wanted, got = (sorted(_PLACEHOLDER.findall(text)) for text in (entry.msgid, entry.msgstr))
        if wanted != got:
            yield f"{entry.msgid!r} has {wanted}, its translation {got}."


def _exported(env, addons):
    for manifest in sorted(Path(addons).glob("*/__manifest__.py")):
        addon = manifest.parent.name
        if addon.startswith("test_"):
            continue
        template = io.BytesIO()
        trans_export(None, [addon], template, "po", env)
        yield addon, manifest.parent / "i18n", polib.pofile(template.getvalue().decode())


def _words(template):
    return {entry.msgid for entry in template}
