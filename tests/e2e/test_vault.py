"""Secrets and keys on real processes: nothing leaks, tokens are renewed once, keys are rotated by command."""

import base64
import configparser
import json
import subprocess
import sys
from pathlib import Path

import pytest

from lib import odoo
from lib.paths import ADDONS

SECRET = "Zq7-seeded-client-secret-4711"
IBAN = "DE89370400440532013000"
NAME = "Seeda Seedersen"

_CONNECTION = """
import json, threading
connection = env["finance.connection"].search([("name", "=", "Token Bank")]) or env["finance.connection"].create({{
    "name": "Token Bank", "adapter": "webhook", "environment": "sandbox", "endpoint": {url!r},
    "allow_private_address": True, "token_url": {url!r} + "/token", "client_id": "sandbox-client",
}})
if not connection.credential_ids:
    env["finance.credential"].create({{
        "name": "Client", "connection_id": connection.id, "kind": "client_secret", "secret": "sandbox-secret",
    }})
env.cr.commit()
"""

_TEN_WORKERS = """
barrier, tokens = threading.Barrier(10), []
def work():
    with env.registry.cursor() as cr:
        mine = connection.with_env(env(cr=cr))
        mine.env.cr.execute("SELECT 1")
        barrier.wait()
        tokens.append(mine._access_token(force={force}))
workers = [threading.Thread(target=work) for number in range(10)]
[worker.start() for worker in workers]
[worker.join() for worker in workers]
print(json.dumps(tokens))
"""


def test_ten_workers_renew_a_token_once(odoo_server, sandbox):
    server = odoo_server("token", queue=False)
    # Long enough for all of them to want a new one while the first is asking.
    sandbox.control(
        "POST", "/control/faults", {"kind": "latency", "ms": 1000, "path": "/token", "count": None}
    )
    setup = _CONNECTION.format(url=sandbox.url)

    tokens = json.loads(server.shell(setup + _TEN_WORKERS.format(force=False)))
    assert len(tokens) == 10
    assert len(set(tokens)) == 1
    assert sandbox.control("GET", "/control/tokens")["issued"] == 1

    again = json.loads(server.shell(setup + _TEN_WORKERS.format(force=repr(tokens[0]))))
    assert len(again) == 10
    assert set(again).isdisjoint(tokens)
    assert len(set(again)) == 1
    assert sandbox.control("GET", "/control/tokens")["issued"] == 2
    assert not _leaks(server, [tokens[0], again[0], "sandbox-secret"])


def test_seeded_secret_and_account_are_nowhere(odoo_server):
    server = odoo_server("leak")
    client = server.rpc()
    connection = client.env["finance.connection"].create(
        {
            "name": "Leaky Bank",
            "adapter": "dummy",
            "environment": "sandbox",
            "endpoint": "/nowhere",
        }
    )
    credential = client.env["finance.credential"].create(
        {"name": "Client", "connection_id": connection, "kind": "api_key", "secret": SECRET}
    )
    client.env["finance.credential"].write([credential], {"secret": SECRET + "-2"})
    with pytest.raises(Exception) as refused:
        client.env["finance.credential"].create(
            {"name": "No connection", "kind": "api_key", "secret": SECRET}
        )
    answers = [str(refused.value), repr(getattr(refused.value, "info", ""))]
    interface = client.env["finance.interface"].create(
        {
            "name": "Leaky",
            "code": "leaky",
            "connection_id": connection,
            "handler": "dummy",
        }
    )
    # Content that is posted, that fails with itself in the message, and that cannot be read at all.
    contents = [
        {"amount": "1.00", "iban": IBAN, "creditorName": NAME},
        {"amount": "1.00", "fail": IBAN},
    ]
    bodies = [json.dumps(content) for content in contents] + [
        f"<Acct><IBAN>{IBAN}</IBAN><Nm>{NAME}</Nm>"
    ]
    server.shell(
        f"interface = env['finance.interface'].browse({interface})\n"
        "interface._go_live('for a test')\n"
        f"for number, body in enumerate({bodies!r}):\n"
        "    env['finance.exchange']._receive_committed(interface, f'leak-{number}', body.encode(), source='api',\n"
        f"        filename='{IBAN}.json', content_type='application/json' if number < 2 else 'application/xml')\n"
    )
    server.wait_for(
        lambda: (
            not server.sql(
                "SELECT 1 FROM finance_exchange WHERE interface_id = %s AND work_status NOT IN ('done', 'exception')",
                [interface],
            )
        ),
        "the exchanges to be worked on",
    )
    # A defect outside the engine's care: its traceback goes into the job's row.
    server.shell(
        "env['ir.actions.server'].create({'name': 'Defect', 'state': 'code',\n"
        "    'model_id': env['ir.model']._get_id('res.partner'),\n"
        f"    'code': 'int(\"{IBAN[:4]}\" + \"{IBAN[4:]}\")'}}).with_delay().run()"
    )
    server.wait_for(
        lambda: server.sql(
            "SELECT 1 FROM queue_job WHERE state = 'failed' AND exc_info LIKE %s", ["%Traceback%"]
        ),
        "the failed job",
    )
    assert server.sql("SELECT count(*) FROM finance_exception")[0][0] >= 2

    models = client.env["ir.model"].search_read(
        ["|", ("model", "=like", "finance.%"), ("model", "in", ("queue.job", "mail.message"))],
        ["model"],
    )
    for model in models:
        records = client.env[model["model"]]
        if model["model"] != "finance.api" and records.has_access([], "read"):
            answers.append(repr(records.search_read([], list(records.fields_get()))))
    for seed in (SECRET, IBAN, NAME):
        assert seed not in "".join(answers)
    assert not _leaks(server, [SECRET, IBAN, NAME])


def test_keys_are_made_added_rotated_and_counted_by_command(odoo_server, tmp_path):
    server = odoo_server("keys", queue=False)
    conf = configparser.RawConfigParser()
    conf.read(server.conf)
    ring = Path(conf["finance"]["key_file"])
    server.shell(
        "connection = env['finance.connection'].create({'name': 'Bank', 'adapter': 'dummy', 'endpoint': '/x'})\n"
        "env['finance.credential'].create([{'name': str(number), 'connection_id': connection.id, 'kind': 'api_key',\n"
        "    'secret': f'secret {number}'} for number in range(7)])"
    )
    made = _keys("generate", tmp_path / "new.keys", "--key-id", "first")
    assert (made.returncode, oct((tmp_path / "new.keys").stat().st_mode)[-3:]) == (0, "600")
    again = _keys("generate", tmp_path / "new.keys")
    assert again.returncode == 1
    assert "exists already" in again.stderr

    assert _keys("add", ring, "--key-id", "k9").returncode == 0
    before = _keys("check", "-c", server.conf, "-d", server.name)
    assert "k9 0 values current" in before.stdout
    rotated = _keys("rotate", "-c", server.conf, "-d", server.name)
    assert rotated.returncode == 0, rotated.stderr
    assert "values rotated, 0 not readable." in rotated.stdout
    after = _keys("check", "-c", server.conf, "-d", server.name)
    assert "k9 7 values current" in after.stdout

    # The old key may leave the ring; a key in use may not.
    lines = [line for line in ring.read_text().splitlines() if line.startswith(("k9 ", "current:"))]
    ring.write_text("\n".join(lines) + "\n")
    assert server.shell(
        "print(env['finance.credential'].search([], limit=1)._reveal())"
    ).startswith("secret ")
    _keys("generate", tmp_path / "other.keys", "--key-id", "other")
    ring.write_text((tmp_path / "other.keys").read_text())
    lost = _keys("check", "-c", server.conf, "-d", server.name)
    assert lost.returncode == 1
    assert "k9 7 values NOT IN THE KEY RING" in lost.stdout


def _keys(*arguments):
    command = [
        sys.executable,
        "-m",
        "odoo",
        f"--addons-path={ADDONS}",
        "finance_keys",
        *map(str, arguments),
    ]
    return subprocess.run(command, env=odoo.environment(), capture_output=True, text=True)


def _leaks(server, seeds):
    """Where a seed can be read: the dump of every table but Odoo's own for accounts, and the log."""
    found = []
    dump = subprocess.run(
        [server.cluster.programs / "pg_dump", "--data-only", "--disable-triggers", server.name],
        env=server.cluster.environment(),
        capture_output=True,
        check=True,
    ).stdout.decode(errors="replace")
    log = server.log.read_text(errors="replace")
    for seed in seeds:
        forms = {
            seed,
            seed.encode().hex(),
            base64.b64encode(seed.encode()).decode().rstrip("="),
            " ".join(seed[start : start + 4] for start in range(0, len(seed), 4)),
        }
        for form in forms:
            found += [f"dump: {line[:300]}" for line in dump.splitlines() if form in line]
            found += [f"log: {line[:300]}" for line in log.splitlines() if form in line]
    return found
