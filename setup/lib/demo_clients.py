"""Whom the demo talks to: the sandbox's control API, Odoo's JSON-2 API, and a script inside Odoo's shell."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

from .demo import Context
from .paths import SetupError

#: Seconds that the demo waits for what Odoo works on: enough for two cores that run CI's other stages meanwhile.
PATIENCE = 600
_EACH = """
import json
results = {{}}
for name, (text, call) in {texts!r}.items():
    names = {{"env": env}}
    exec(text, names)
    results[name] = eval(call, names)
print("\\n===\\n" + json.dumps(results, default=str))
"""


class Sandbox:
    """The sandbox's control API."""

    def __init__(self, url: str):
        self._url = url

    def call(self, method: str, path: str, body=None):
        return _request(f"{self._url}{path}", method, body, {})


class Odoo:
    """Odoo's JSON-2 API with a bearer key."""

    def __init__(self, url: str, key: str):
        self._url, self._key = url, key

    def call(self, model: str, method: str, **arguments):
        return _request(
            f"{self._url}/json/2/{model}/{method}",
            "POST",
            arguments,
            {"Authorization": f"Bearer {self._key}"},
        )


def wait_until(condition: Callable, what: str) -> None:
    """Ask ``condition`` until it holds.

    :param what: what is waited for, told when it does not come
    """
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise SetupError(f"Waited {PATIENCE} s for {what}: see .run/logs.")
        time.sleep(0.3)


def consent(odoo: Odoo, consent_id: int) -> None:
    """Do what the account holder does: follow the bank's page and confirm."""
    action = odoo.call("bank.statement.consent", "action_request", ids=[consent_id])
    with urllib.request.urlopen(action["url"], timeout=30):
        pass
    odoo.call("bank.statement.consent", "action_refresh", ids=[consent_id])


def run_inside(context: Context, script: Path, call: str):
    """Run a file inside Odoo's shell, where ``env`` is Odoo's, and then an expression that uses what it defines.

    :param call: such as ``count(env)``
    :return: the expression's value, as JSON carries it
    """
    return run_each_inside(context, {"": (script, call)})[""]


def run_each_inside(context: Context, calls: Mapping[str, tuple[Path, str]]) -> dict:
    """Run several files in one shell, each with names of its own.

    :param calls: by name, a file and an expression as for :func:`run_inside`
    :return: by name, the expression's value
    """
    texts = {name: (script.read_text(), call) for name, (script, call) in calls.items()}
    return json.loads(context.run_script(_EACH.format(texts=texts)))


def _request(url: str, method: str, body, headers: dict[str, str]):
    request = urllib.request.Request(
        url,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json", **headers},
        method=method,
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        told = error.read().decode(errors="replace")[:600]
        raise SetupError(f"{method} {url} answered {error.code}: {told}") from None
