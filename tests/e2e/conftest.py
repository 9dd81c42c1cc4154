"""Fixtures that run the suite as a customer does: real processes on a database of their own."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "setup"), str(Path(__file__).parent)]

pytest.register_assert_rewrite("channel_bank")

from lib import browser, database, postgres
from sandbox.server import SandboxServer
from servers import OdooServer

#: How long a page may take until it shows what a test waits for, in milliseconds.
_PATIENCE = 180_000


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgres.Cluster]:
    with postgres.running() as running:
        yield running


@pytest.fixture(scope="session")
def template(cluster) -> str:
    """:return: the database with the suite installed that every test's database is a copy of."""
    return os.environ.get("FINANCE_TEST_TEMPLATE") or database.page_template(
        cluster, Path(sys.executable)
    )


@pytest.fixture(scope="module")
def odoo_server(cluster, template) -> Iterator[Callable[..., OdooServer]]:
    """A factory: ``odoo_server("name", **options)`` is an Odoo on a fresh copy of the suite."""
    with contextlib.ExitStack() as stack:

        def start(name: str, **options) -> OdooServer:
            full_name = f"e2e_{name}"
            database.copy(cluster, template, full_name)
            stack.callback(database.drop, cluster, full_name)
            server = OdooServer(cluster, full_name, **options)
            stack.callback(server.end)
            server.start()
            return server

        yield start


@pytest.fixture
def sandbox(tmp_path) -> Iterator[SandboxServer]:
    with SandboxServer(seed=7, folder=tmp_path) as server:
        yield server


@pytest.fixture(scope="session")
def running_chromium() -> Iterator:
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=_PATIENCE)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=str(browser.ensure()), args=["--no-sandbox"]
        )
        yield running
        running.close()


@pytest.fixture(scope="module")
def chromium(running_chromium) -> Iterator["Chromium"]:
    """A browser driven by Playwright; its pages end with the module, and so with the servers that they are open on."""
    with contextlib.ExitStack() as contexts:
        yield Chromium(running_chromium, contexts)


class Chromium:
    """Playwright's browser, with patience for a machine that does much else meanwhile."""

    def __init__(self, running, contexts: contextlib.ExitStack):
        self.running, self.contexts = running, contexts

    def new_context(self, **options):
        context = self.running.new_context(**options)
        self.contexts.callback(context.close)
        context.set_default_timeout(_PATIENCE)
        return context

    def new_page(self, **options):
        """:return: a page with cookies of its own"""
        return self.new_context(**options).new_page()
