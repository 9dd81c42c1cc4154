"""The review board in a real browser, and two people who decide at the same moment."""

import re
import threading

import odoorpc
import pytest
from playwright.sync_api import expect
from review_world import SETUP

INVOICES = 30
FEES = 6
# The machine may have other things to do.
expect.set_options(timeout=30_000)
WIDE = {"width": 1280, "height": 800}


@pytest.fixture(scope="module")
def server(odoo_server):
    server = odoo_server("review")
    server.shell(SETUP.format(invoices=INVOICES, fees=FEES))
    return server


class Board:
    """The board as one person sees it, and what it asked the server."""

    def __init__(self, chromium, server, login, size=WIDE):
        self.server, self.login = server, login
        self.page = chromium.new_page(viewport=size, base_url=server.url)
        self.complaints, self.calls = [], []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console",
            lambda message: message.type == "error" and self.complaints.append(message.text),
        )
        self.page.on("request", self._note)
        self.page.goto("/web/login")
        self.page.fill("input[name=login]", login)
        self.page.fill("input[name=password]", login)
        self.page.click("button[type=submit]")
        self.page.locator(".o_main_navbar").wait_for()

    def _note(self, request):
        if "/web/dataset/call_kw/" in request.url:
            self.calls.append(request.url.rsplit("/", 1)[1])

    def open(self):
        self.page.goto("/odoo/bank-review")
        self.page.locator(".o_review_line, .o_review_empty").first.wait_for()
        return self

    def close(self):
        self.page.close()
        assert not self.complaints

    # === WHAT IS SEEN === #

    @property
    def rows(self):
        return self.page.locator(".o_review_row")

    def selected(self):
        """:return: id of the line that is selected and loaded"""
        expect(self.page.locator(".o_review_loading")).to_have_count(0)
        chosen = self.page.locator(".o_review_row_selected").get_attribute("data-id")
        expect(self.page.locator(".o_review_line")).to_have_attribute("data-id", chosen)
        return int(chosen)

    def count(self):
        return int(re.search(r"\d+", self.page.locator(".o_review_count").inner_text())[0])

    def wait_count(self, count):
        text = "1 line" if count == 1 else f"{count} lines"
        expect(self.page.locator(".o_review_count")).to_have_text(text)

    def told(self, text):
        expect(self.page.locator(".o_notification", has_text=text).first).to_be_visible()

    def keys(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def is_reconciled(self, line_id):
        [(reconciled,)] = self.server.sql(
            "SELECT is_reconciled FROM account_bank_statement_line WHERE id = %s", [line_id]
        )
        return reconciled


@pytest.fixture
def board(chromium, server):
    boards = []

    def make(login="rita", size=WIDE):
        boards.append(Board(chromium, server, login, size))
        return boards[-1].open()

    yield make
    for one in boards:
        one.close()


def test_mouse_accepts_and_takes_back(board):
    seen = board()
    before = seen.count()
    seen.rows.nth(1).click()
    line_id = seen.selected()
    expect(seen.page.locator(".o_review_mark").first).to_contain_text("INV/")
    expect(seen.page.locator(".o_review_reasons")).to_contain_text("a part payment?")
    expect(seen.page.locator(".o_review_entry tbody tr")).to_have_count(2)
    seen.page.locator("[data-action=accept]").click()
    seen.told("Accepted")
    seen.wait_count(before - 1)
    assert seen.is_reconciled(line_id)
    seen.page.locator(".o_review_filters [data-action=undo]").click()
    seen.told("Undone")
    seen.wait_count(before)
    assert not seen.is_reconciled(line_id)
    assert seen.selected() == line_id


def test_one_item_is_never_settled_twice_by_two_people(server, board):
    """Both accept the same proposals at the same moment, line by line: each is posted once, the other is told."""
    proposals = [
        row[0]
        for row in server.sql(
            "SELECT proposal.id FROM bank_statement_match_proposal proposal"
            " JOIN bank_statement_match match ON match.id = proposal.match_id AND match.is_current"
            " WHERE proposal.rank = 1 AND match.state = 'waiting' ORDER BY proposal.id LIMIT 8"
        )
    ]
    assert len(proposals) == 8
    together = threading.Barrier(2)
    outcomes = {"rita": [], "rolf": []}

    def accept(login):
        client = server.rpc(login, login)
        for proposal in proposals:
            together.wait(60)
            try:
                answer = client.execute(
                    "bank.statement.match.proposal", "action_accept", [proposal]
                )
                outcomes[login].append("refused" if answer["refused"] else "accepted")
            except odoorpc.error.RPCError as error:
                outcomes[login].append(str(error))

    people = [threading.Thread(target=accept, args=(login,)) for login in outcomes]
    for one in people:
        one.start()
    for one in people:
        one.join(180)
    for mine, other in zip(outcomes["rita"], outcomes["rolf"], strict=True):
        assert sorted((mine == "accepted", other == "accepted")) == [False, True], outcomes
        loser = other if mine == "accepted" else mine
        assert loser == "refused" or "decided meanwhile" in loser, outcomes
    twice = server.sql(
        "SELECT item.id FROM account_partial_reconcile partial JOIN account_move_line item"
        " ON item.id = partial.debit_move_id GROUP BY item.id HAVING count(*) > 1"
    )
    assert not twice
    client = server.rpc("rita", "rita")
    lines = [
        row[0]
        for row in server.sql(
            "SELECT line_id FROM bank_statement_match_proposal WHERE id = ANY(%s)", [proposals]
        )
    ]
    assert client.execute("account.bank.statement.line", "action_match_undo", lines)["undone"]


def test_board_says_what_to_do_when_nothing_waits(board, server):
    server.sql("UPDATE account_bank_statement_line SET match_ignored_reason = 'over'")
    seen = board()
    expect(seen.page.locator(".o_review_empty")).to_contain_text("Nothing waits for you")
    seen.page.locator("select[name=scope]").select_option("ignored")
    expect(seen.rows.first).to_be_visible()
    seen.page.locator("select[name=scope]").select_option("waiting")
    expect(seen.page.locator(".o_review_empty")).to_be_visible()
