"""Each addon is installed, filled, updated and uninstalled, one after the other, as a customer would.

``tests/lifecycle/<addon>.py`` makes the data: it runs in Odoo's shell with ``env``.
"""

from pathlib import Path

from . import database, odoo, translations
from .paths import ROOT, SetupError, suite_addons
from .postgres import Cluster
from .results import Result

_NAME = "test_lifecycle"
_UNINSTALL = """
module = env['ir.module.module'].search([('name', '=', {addon!r})])
assert module.state == 'installed', module.state
module.button_immediate_uninstall()
env.cr.commit()
"""
#: What an addon must not leave behind. An archive of the audit trail is meant to stay.
_LEFT = """
SELECT 'model ' || m.model FROM ir_model_data d JOIN ir_model m ON m.id = d.res_id
 WHERE d.model = 'ir.model' AND d.module = '{addon}'
UNION ALL
SELECT 'external id ' || name FROM ir_model_data WHERE module = '{addon}'
UNION ALL
SELECT 'menu ' || id FROM ir_ui_menu WHERE action IS NOT NULL AND NOT EXISTS (
 SELECT FROM ir_actions a WHERE a.id = split_part(ir_ui_menu.action, ',', 2)::int)
UNION ALL
SELECT 'scheduled job ' || c.cron_name FROM ir_cron c
 WHERE NOT EXISTS (SELECT FROM ir_act_server s WHERE s.id = c.ir_actions_server_id)
"""


def check(cluster: Cluster, python: Path) -> Result:
    result = Result()
    database.copy(cluster, database.core_template(cluster, python), _NAME)
    addons = suite_addons()
    steps = [(_install, addon) for addon in addons]
    # While all of them are installed.
    steps += [(_translations, "of all addons")]
    steps += [(_fill, addon) for addon in addons]
    steps += [(_update, addon) for addon in addons]
    steps += [(_uninstall, addon) for addon in reversed(addons)]
    for step, addon in steps:
        title = f"{step.__name__.strip('_')} {addon}"
        try:
            log = step(cluster, python, addon)
        except SetupError as error:
            result.fail(f"{title}: {error}")
            continue
        bad = odoo.bad_lines(log)
        if bad:
            result.fail(f"{title}: Odoo's log has warnings:\n" + "\n".join(bad[:20]))
        else:
            result.passed += 1
    return result


def _install(cluster: Cluster, python: Path, addon: str) -> Path:
    return database.install(cluster, python, _NAME, [addon], log_name=f"lifecycle-install-{addon}")


def _translations(cluster: Cluster, python: Path, addon: str) -> Path:
    told, log = translations.complaints(cluster, python, _NAME)
    if told:
        raise SetupError("\n".join(told))
    return log


def _fill(cluster: Cluster, python: Path, addon: str) -> Path:
    script = ROOT / "tests/lifecycle" / f"{addon}.py"
    if not script.exists():
        raise SetupError(f"{script} is missing: it makes the data {addon} is updated with.")
    return database.run_script(cluster, python, _NAME, script.read_text() + "\nenv.cr.commit()\n")


def _update(cluster: Cluster, python: Path, addon: str) -> Path:
    return database.install(
        cluster, python, _NAME, [addon], update=True, log_name=f"lifecycle-update-{addon}"
    )


def _uninstall(cluster: Cluster, python: Path, addon: str) -> Path:
    log = database.run_script(cluster, python, _NAME, _UNINSTALL.format(addon=addon))
    left = database.psql(cluster, _NAME, _LEFT.format(addon=addon))
    if left:
        raise SetupError(f"{addon} leaves this behind: {left}")
    return log
