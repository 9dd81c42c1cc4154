"""The review board in a real browser: by mouse, by keys alone, narrow, dark, ten thousand lines, two people."""

import re

import pytest
from playwright.sync_api import expect
from review_page import CONTRASTS, DARK, NARROW, WIDE, Board
from review_world import MANY, SETUP

INVOICES = 16
FEES = 6


@pytest.fixture(scope="module")
def server(odoo_server):
    server = odoo_server("review")
    # The scheduled actions of a new database write to what the people are made of.
    server.stop()
    server.shell(SETUP.format(invoices=INVOICES, fees=FEES))
    server.start()
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
    seen.undo_by_mouse()
    seen.told("Undone")
    seen.wait_count(before)
    assert not seen.is_reconciled(line_id)
    assert seen.selected() == line_id


def test_mouse_splits_writes_off_and_transfers(board):
    seen = board()
    page, before = seen.page, seen.count()
    seen.selected()
    page.locator("[data-action=split]").click()
    page.locator(".o_review_pick button").first.click()
    expect(page.locator(".o_review_part")).to_have_count(2)
    page.locator(".o_review_part").last.locator("button").click()
    page.locator(".o_review_part_amount").first.fill("20.00")
    expect(page.locator(".o_review_split .o_review_entry")).to_contain_text("20.00")
    page.locator("[data-action=post]").click()
    seen.told("Settled by hand")
    expect(page.locator(".o_review_line")).to_contain_text("still open")
    seen.undo_by_mouse()
    seen.told("Undone: Settled by hand")
    # The line is chosen anew when it is read anew; a row that is clicked before that is left again.
    expect(page.locator(".o_review_line")).not_to_contain_text("still open")

    for action, choice, words in (
        ("writeOff", "Keeping of the account", "Written off"),
        ("transfer", "Savings", "Booked as transfer"),
    ):
        fee = int(seen.rows.last.get_attribute("data-id"))
        # By its id: what is scrolled into sight has rows drawn after it, and another one is the last.
        page.locator(f".o_review_row[data-id='{fee}']").click()
        assert seen.selected() == fee
        page.locator(f"[data-action={action}]").click()
        page.locator(".o_review_pick button", has_text=choice).click()
        seen.told(words)
        seen.wait_count(before - 1)
        assert seen.is_reconciled(fee)
        seen.undo_by_mouse()
        seen.wait_count(before)
        assert not seen.is_reconciled(fee)


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
    seen.told("Undone: Accepted")
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
    seen.told("Undone: Settled by hand")
    # Keys are meant for what is read: the line is read anew.
    expect(seen.page.locator(".o_review_line")).not_to_contain_text("still open")

    # A fee, which is the last: written off by the model.
    seen.keys("End")
    fee = seen.selected()
    seen.keys("w")
    seen.page.locator(".o_review_pick_input").wait_for()
    seen.page.keyboard.type("keeping")
    expect(seen.page.locator(".o_review_pick .active")).to_contain_text("Keeping of the account")
    seen.keys("Enter")
    seen.told("Written off")
    seen.wait_count(before - 1)
    assert seen.is_reconciled(fee)
    seen.keys("u")
    seen.wait_count(before)

    seen.keys("End")
    seen.selected()
    seen.keys("t")
    seen.page.locator(".o_review_pick_input").wait_for()
    seen.page.keyboard.type("sav")
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

    # A bill is begun with what is known of the line.
    seen.selected()
    seen.keys("b")
    seen.page.locator(".modal .o_form_view").wait_for()
    expect(seen.page.locator(".modal .o_field_widget[name=partner_id] input")).to_have_value(
        "Nobody Yet"
    )
    seen.page.locator(".modal .btn-close").click()
    expect(seen.page.locator(".modal")).to_have_count(0)
    seen.told("Looked for matches again")

    # The payment carries the line's own words: it is the line's beyond doubt as soon as it is posted.
    assert seen.selected() == line_id
    seen.keys("p")
    seen.page.locator(".modal .o_form_view").wait_for()
    seen.page.locator(".modal button[name=action_post]").click()
    expect(seen.page.locator(".modal")).to_have_count(0)
    seen.told("Matched by itself")
    assert seen.is_reconciled(line_id)
    seen.keys("u")
    seen.told("Undone")
    assert seen.selected() == line_id
    expect(seen.page.locator(".o_review_candidate").first).to_contain_text("Account fee")


def test_all_of_a_filter_are_accepted_after_a_look_at_the_totals_and_undone(board):
    seen = board()
    before = seen.count()
    seen.keys("f")
    seen.page.keyboard.type("INV/")
    seen.keys("Enter")
    expect(seen.page.locator(".o_review_count")).not_to_have_text(f"{before} lines")
    shown = seen.count()
    posted = "SELECT count(*) FROM bank_statement_match WHERE state = 'posted'"
    before = seen.server.sql(posted)
    seen.keys("Shift+A")
    table = seen.page.locator(".o_review_bulk tbody tr").first
    expect(table).to_contain_text(str(shown))
    total = sum(50 + number for number in range(INVOICES))
    expect(table).to_contain_text(f"{total:,}.00")
    assert seen.server.sql(posted) == before
    seen.page.locator("[data-action=accept_all]").click()
    seen.told(f"Accepted: {shown} lines")
    expect(seen.page.locator(".o_review_empty")).to_contain_text("No line fits this filter")
    [(open_items, paid)] = seen.server.sql(
        "SELECT sum(amount_residual), sum(amount_total - amount_residual) FROM account_move"
        " WHERE move_type = 'out_invoice'"
    )
    assert (paid, open_items) == (total, INVOICES * 50)
    seen.keys("u")
    # Each line is taken back through Odoo's own undoing.
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
    page.add_style_tag(content=DARK)
    ratios = page.evaluate(CONTRASTS)
    assert ratios["behind"] < 0.2, "the ground is dark"
    low = {name: ratio for name, ratio in ratios["text"].items() if ratio < 4.5}
    assert not low


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


def test_what_was_begun_on_a_line_is_never_done_with_the_next_one(board):
    """Rolf takes the line while Rita chooses its write-off: hers is refused, and her next line is not touched."""
    rita, rolf = board("rita"), board("rolf")
    for seen in (rita, rolf):
        seen.keys("Home")
    line_id = rita.selected()
    assert rolf.selected() == line_id
    before = rita.count()
    rita.keys("w")
    rita.page.locator(".o_review_pick_input").wait_for()
    rita.page.keyboard.type("keeping")
    expect(rita.page.locator(".o_review_pick .active")).to_contain_text("Keeping of the account")
    rolf.keys("Enter")
    rolf.told("Accepted")
    rita.wait_count(before - 1)
    next_id = rita.selected()
    assert next_id != line_id
    rita.keys("Enter")
    expect(rita.page.locator(".o_notification_bar.bg-danger").first).to_be_visible()
    expect(rita.page.locator(".o_review_row_selected")).to_have_attribute("data-id", str(next_id))
    assert not rita.is_reconciled(next_id)
    rolf.keys("u")
    rolf.told("Undone")


def test_undo_that_takes_its_time_leaves_the_next_line_selected(board):
    """What a person does next is meant for the line she went on to, not for the one that comes back."""
    seen = board()
    before, held = seen.count(), []
    seen.keys("Home")
    first = seen.selected()
    seen.keys("Enter")
    seen.told("Accepted")
    seen.wait_count(before - 1)
    seen.selected()
    seen.page.route("**/action_match_undo", lambda route: held.append(route))
    with seen.page.expect_request("**/action_match_undo"):
        seen.undo_by_mouse()
    seen.rows.nth(3).click()
    chosen = seen.rows.nth(3).get_attribute("data-id")
    expect(seen.page.locator(".o_review_row_selected")).to_have_attribute("data-id", chosen)
    held.pop().continue_()
    seen.told("Undone")
    seen.wait_count(before)
    assert seen.selected() == int(chosen) != first
    assert not seen.is_reconciled(first)


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
