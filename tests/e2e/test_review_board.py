"""The review board in a real browser: by mouse, by keys alone, narrow, dark, ten thousand lines, two people."""

import re
import threading

import odoorpc
import pytest
from playwright.sync_api import expect
from review_world import MANY, SETUP

INVOICES = 30
FEES = 6
# The machine may have other things to do.
expect.set_options(timeout=30_000)
WIDE = {"width": 1280, "height": 800}
NARROW = {"width": 390, "height": 780}


@pytest.fixture(scope="module")
def server(odoo_server):
    server = odoo_server("review")
    server.shell(SETUP.format(invoices=INVOICES, fees=FEES))
    return server


@pytest.fixture(scope="module")
def browsers(chromium, server):
    """Each person's browser, logged in once: what it has loaded of the client it keeps for all tests."""
    contexts = {}
    for login in ("rita", "rolf"):
        context = contexts[login] = chromium.new_context(base_url=server.url)
        answer = context.request.post(
            "/web/session/authenticate",
            data={"params": {"db": server.name, "login": login, "password": login}},
        ).json()
        assert answer["result"]["uid"], answer
    yield contexts
    for context in contexts.values():
        context.close()


class Board:
    """The board as one person sees it, and what it asked the server."""

    def __init__(self, browsers, server, login, size=WIDE):
        self.server, self.login = server, login
        self.page = browsers[login].new_page()
        self.page.set_viewport_size(size)
        self.complaints, self.calls = [], []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console",
            lambda message: message.type == "error" and self.complaints.append(message.text),
        )
        self.page.on("request", self._note)

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
def board(browsers, server):
    boards = []

    def make(login="rita", size=WIDE):
        boards.append(Board(browsers, server, login, size))
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


def test_keys_alone_do_everything(board):
    """From the first line on, no mouse: each way to decide, and back."""
    seen = board()
    before = seen.count()
    first = seen.selected()
    seen.keys("j", "ArrowDown", "k")
    second = seen.selected()
    assert first != second
    seen.keys("Enter")
    seen.told("Accepted")
    seen.wait_count(before - 1)
    seen.keys("u")
    seen.told("Undone")
    seen.wait_count(before)

    # A part by hand: what the candidate proposes, less.
    seen.selected()
    seen.keys("s")
    amount = seen.page.locator(".o_review_part_amount").first
    amount.focus()
    seen.keys("Control+a")
    seen.page.keyboard.type("20.00")
    expect(seen.page.locator(".o_review_split .o_review_entry")).to_contain_text("20.00")
    expect(seen.page.locator("[data-action=post]")).to_be_enabled()
    seen.keys("Control+Enter")
    seen.told("Settled by hand")
    # The rest of the line is still open.
    expect(seen.page.locator(".o_review_line")).to_contain_text("still open")
    seen.wait_count(before)
    seen.keys("u")
    seen.told("Undone")

    # A fee, which is the last: written off by the model.
    seen.keys("End")
    fee = seen.selected()
    seen.keys("w")
    seen.page.locator(".o_review_pick_input").wait_for()
    seen.page.keyboard.type("bank")
    expect(seen.page.locator(".o_review_pick .active")).to_have_text(re.compile("Bank fees"))
    seen.keys("Enter")
    seen.told("Written off")
    seen.wait_count(before - 1)
    assert seen.is_reconciled(fee)
    seen.keys("u")
    seen.wait_count(before)

    seen.keys("End")
    seen.selected()
    seen.keys("t")
    expect(seen.page.locator(".o_review_pick .active")).to_contain_text("Savings")
    seen.keys("Enter")
    seen.told("Booked as transfer")
    seen.wait_count(before - 1)
    seen.keys("u")
    seen.wait_count(before)

    seen.selected()
    seen.keys("i")
    seen.page.locator("#o_review_words").wait_for()
    seen.page.keyboard.type("A test payment of the bank")
    seen.keys("Enter")
    seen.told("Ignored")
    seen.wait_count(before - 1)
    seen.keys("u")
    seen.wait_count(before)

    seen.selected()
    seen.keys("l")
    seen.page.locator(".modal input[type=date]").wait_for()
    seen.keys("Enter")
    seen.told("Postponed")
    seen.wait_count(before - 1)
    seen.keys("u")
    seen.wait_count(before)

    seen.selected()
    seen.keys("q")
    seen.page.locator(".o_review_pick_input").wait_for()
    seen.page.keyboard.type("rolf")
    expect(seen.page.locator(".o_review_pick .active")).to_contain_text("Rolf")
    seen.keys("Enter")
    seen.page.locator("#o_review_words").wait_for()
    seen.page.keyboard.type("Yours?")
    seen.keys("Enter")
    seen.told("was asked")
    expect(seen.page.locator(".o_review_line")).to_contain_text("Rolf Reviewer was asked")

    seen.keys("?")
    expect(seen.page.locator(".o_review_help")).to_contain_text("Write Off")
    seen.keys("Escape")
    expect(seen.page.locator(".modal")).to_have_count(0)


def test_contact_payment_and_bill_are_made_over_the_board(board):
    seen = board()
    seen.keys("End")
    line_id = seen.selected()
    seen.keys("c")
    seen.page.locator(".o_review_pick_input").wait_for()
    seen.page.keyboard.type("Nobody Yet")
    expect(seen.page.locator(".modal")).to_contain_text("Nobody of this name")
    seen.keys("Alt+n")
    name = seen.page.locator(
        ".modal .o_form_view .o_field_widget[name=name] input, .modal .o_form_view .o_field_widget[name=name] textarea"
    ).first
    expect(name).to_have_value("Nobody Yet")
    seen.page.locator(".modal .o_form_button_save").click()
    seen.told("Contact")
    expect(seen.page.locator(".o_review_line")).to_contain_text("Nobody Yet")
    partner = seen.server.sql(
        "SELECT partner.name FROM account_bank_statement_line line JOIN res_partner partner"
        " ON partner.id = line.partner_id WHERE line.id = %s",
        [line_id],
    )
    assert partner == [("Nobody Yet",)]

    # The payment is proposed for the line as soon as its form is closed.
    seen.selected()
    seen.keys("p")
    seen.page.locator(".modal .o_form_view").wait_for()
    seen.page.locator(".modal button[name=action_post]").click()
    expect(seen.page.locator(".modal")).to_have_count(0)
    seen.told("Looked for matches again")
    expect(seen.page.locator(".o_review_candidate").first).to_be_visible()

    seen.selected()
    seen.keys("b")
    seen.page.locator(".modal .o_form_view").wait_for()
    expect(seen.page.locator(".modal .o_field_widget[name=partner_id] input")).to_have_value(
        "Nobody Yet"
    )
    seen.page.locator(".modal .btn-close").click()
    expect(seen.page.locator(".modal")).to_have_count(0)


def test_all_of_a_filter_are_accepted_after_a_look_at_the_totals_and_undone(board):
    seen = board()
    before = seen.count()
    seen.keys("f")
    seen.page.keyboard.type("INV/")
    seen.keys("Enter")
    expect(seen.page.locator(".o_review_count")).not_to_have_text(f"{before} lines")
    shown = seen.count()
    seen.keys("Shift+A")
    table = seen.page.locator(".o_review_bulk tbody tr").first
    expect(table).to_contain_text(str(shown))
    total = sum(50 + number for number in range(INVOICES))
    expect(table).to_contain_text(f"{total:,}.00")
    assert not seen.server.sql("SELECT 1 FROM bank_statement_match WHERE state = 'posted'")
    seen.page.locator("[data-action=accept_all]").click()
    seen.told(f"Accepted: {shown} lines")
    expect(seen.page.locator(".o_review_empty")).to_contain_text("No line fits this filter")
    [(open_items, paid)] = seen.server.sql(
        "SELECT sum(amount_residual), sum(amount_total - amount_residual) FROM account_move"
        " WHERE move_type = 'out_invoice'"
    )
    assert (paid, open_items) == (total, INVOICES * 50)
    seen.keys("u")
    seen.told("Undone")
    seen.wait_count(shown)
    [(paid,)] = seen.server.sql(
        "SELECT sum(amount_total - amount_residual) FROM account_move WHERE move_type = 'out_invoice'"
    )
    assert paid == 0


def test_narrow_screen_has_list_then_line_then_back(board):
    seen = board(size=NARROW)
    page = seen.page
    expect(page.locator(".o_review_lines")).to_be_visible()
    expect(page.locator(".o_review_detail")).to_be_hidden()
    expect(page.locator("select[name=scope]")).to_be_hidden()
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("select[name=scope]")).to_be_visible()
    page.get_by_role("button", name="Filter").click()
    seen.rows.nth(2).click()
    expect(page.locator(".o_review_lines")).to_be_hidden()
    expect(page.locator("[data-action=accept]")).to_be_visible()
    # Nothing is wider than the screen.
    assert (
        page.evaluate("document.querySelector('.o_review_detail').getBoundingClientRect().right")
        <= NARROW["width"]
    )
    page.locator(".o_review_back").click()
    expect(page.locator(".o_review_lines")).to_be_visible()


def test_dark_theme_keeps_text_readable(board, server):
    """Community has no dark theme but its bundle: drawn with it, and with what Bootstrap's dark mode sets."""
    seen = board()
    page = seen.page
    sheet = page.request.get(f"{server.url}/web/assets/any/web.assets_web_dark.min.css")
    assert sheet.ok
    page.route(
        re.compile(r"web\.assets_web(\.min)?\.css"),
        lambda route: route.fulfill(body=sheet.body(), content_type="text/css"),
    )
    seen.open()
    page.add_style_tag(content=_DARK)
    ratios = page.evaluate(_CONTRASTS)
    assert ratios["behind"] < 0.2, "the ground is dark"
    low = {name: ratio for name, ratio in ratios["text"].items() if ratio < 4.5}
    assert not low


_DARK = """:root {
    --body-color: #dee2e6; --body-color-rgb: 222, 226, 230; --body-bg: #212529; --emphasis-color: #fff;
    --tertiary-bg: #2b3035; --info-bg-subtle: #032830; --warning-bg-subtle: #332701; --border-color: #495057;
}
body, .o_content, .table, .table > :not(caption) > * > * { background-color: #212529; color: #dee2e6; }"""
_CONTRASTS = """() => {
    const channels = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
    const luminance = ([red, green, blue]) => {
        const [r, g, b] = [red, green, blue].map((one) => {
            const part = one / 255;
            return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const over = (top, bottom) => {
        const alpha = top.length > 3 ? top[3] : 1;
        return [0, 1, 2].map((place) => top[place] * alpha + bottom[place] * (1 - alpha));
    };
    const behind = (el) => {
        const layers = [];
        for (let one = el; one; one = one.parentElement) {
            layers.push(channels(getComputedStyle(one).backgroundColor));
        }
        return layers.reverse().reduce((bottom, top) => over(top, bottom), [255, 255, 255]);
    };
    const contrast = (el) => {
        const ground = behind(el);
        const text = over(channels(getComputedStyle(el).color), ground);
        const [light, dark] = [luminance(text), luminance(ground)].sort((a, b) => b - a);
        return (light + 0.05) / (dark + 0.05);
    };
    const text = {};
    for (const selector of [
        ".o_review_row .fw-bold", ".o_review_row_selected .fw-bold", ".o_review_line h2", ".o_review_mark",
        ".o_review_reasons", ".o_review_entry td", ".o_review_why", ".o_review_actions .btn-primary",
    ]) {
        text[selector] = contrast(document.querySelector(selector));
    }
    return { text, behind: luminance(behind(document.querySelector(".o_review_content"))) };
}"""


def test_two_people_see_each_other_and_one_decision_wins(board):
    rita, rolf = board("rita"), board("rolf")
    for seen in (rita, rolf):
        seen.keys("Home")
    line_id = rita.selected()
    assert rolf.selected() == line_id
    expect(rita.page.locator(".o_review_together")).to_contain_text("Rolf Reviewer")
    expect(rolf.page.locator(".o_review_together")).to_contain_text("Rita Reviewer")
    before = rolf.count()
    rita.keys("Enter")
    rita.told("Accepted")
    # Rolf did nothing: the line is gone from his board all the same, and he is told who took it.
    rolf.told("Rita Reviewer worked on this line")
    rolf.wait_count(before - 1)
    assert rolf.selected() != line_id
    rita.keys("u")
    rita.told("Undone")


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


def test_ten_thousand_lines_stay_few_rows_and_few_calls(board, server):
    """A thousand times more lines are neither more rows in the page nor more calls."""
    server.shell(MANY.format(count=10_000))
    [(waiting,)] = server.sql(
        "SELECT count(*) FROM account_bank_statement_line WHERE is_reconciled IS NOT TRUE"
    )
    assert waiting > 10_000
    seen = board()
    expect(seen.page.locator(".o_review_count")).to_have_text(re.compile(r"^1\d{4} lines$"))
    assert seen.rows.count() <= 60
    seen.calls.clear()
    seen.keys("End")
    last = seen.selected()
    assert seen.rows.count() <= 60
    for _step in range(30):
        seen.keys("PageUp")
    assert seen.selected() != last
    expect(seen.page.locator(".o_review_row .placeholder")).to_have_count(0)
    assert seen.rows.count() <= 60
    # 31 moves over 300 lines: one line is asked for where the person stops, not at each of them.
    assert seen.calls.count("get_rows") <= 31
    assert seen.calls.count("get_line") <= 31
    assert "get_board" not in seen.calls


def test_board_says_what_to_do_when_nothing_waits(board, server):
    server.sql("UPDATE account_bank_statement_line SET match_ignored_reason = 'over'")
    seen = board()
    expect(seen.page.locator(".o_review_empty")).to_contain_text("Nothing waits for you")
    seen.page.locator("select[name=scope]").select_option("ignored")
    expect(seen.rows.first).to_be_visible()
    seen.page.locator("select[name=scope]").select_option("waiting")
    expect(seen.page.locator(".o_review_empty")).to_be_visible()
