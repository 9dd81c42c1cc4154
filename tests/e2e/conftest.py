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


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgres.Cluster]:
    with postgres.running() as running:
        yield running


@pytest.fixture(scope="session")
def template(cluster) -> str:
    """:return: the database with the suite installed that every test's database is a copy of."""
    return os.environ.get("FINANCE_TEST_TEMPLATE") or database.test_template(
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
            stack.callback(server.stop)
            server.start()
            return server

        yield start


@pytest.fixture
def sandbox(tmp_path) -> Iterator[SandboxServer]:
    with SandboxServer(seed=7, folder=tmp_path) as server:
        yield server


@pytest.fixture(scope="session")
def chromium() -> Iterator:
    """A browser driven by Playwright; ``chromium.new_page()`` is a page with cookies of its own."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=str(browser.ensure()), args=["--no-sandbox"]
        )
        yield running
        running.close()
