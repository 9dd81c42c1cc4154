"""Takes the pictures of the documentation, with Playwright and Pillow."""

import argparse
import base64
import io
import re
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

_HEIGHT = 800
_LARGEST = 200_000


def _overview(page: Page) -> None:
    page.locator("[data-part=cash] tbody tr").first.wait_for()


def _records(page: Page) -> None:
    page.locator(".o_data_row, .o_kanban_record:not(.o_kanban_ghost)").first.wait_for()


def _first_exception(page: Page) -> None:
    page.goto("/odoo/finance")
    page.locator("[data-part=mine] .o_finance_exception").first.click()
    page.locator(".o_form_view").wait_for()


def _stuck_exchange(page: Page) -> None:
    page.goto("/odoo/finance")
    page.locator("[data-part=stuck] .list-group-item").first.click()
    page.locator(".o_data_row .o_data_cell:nth-child(2), .o_kanban_record").first.click()
    page.locator(".o_form_view").wait_for()
    page.get_by_role("tab", name="Timeline").click()
    page.locator(".o_finance_timeline").wait_for()


def _line(page: Page) -> None:
    page.locator(".o_data_row .o_data_cell:nth-child(3), .o_kanban_record").first.click()
    page.locator(".o_form_view").wait_for()


def _review(page: Page) -> None:
    page.locator("[data-kind=amount]").click()
    page.locator(".o_review_reasons").wait_for()
    page.locator(".o_review_entry").wait_for()


def _connection(page: Page) -> None:
    page.locator(".o_kanban_record", has_text="API").first.click()
    page.locator(".o_form_view").wait_for()


def _position(page: Page) -> None:
    page.locator("[data-part=accounts] tbody tr").first.wait_for()
    page.locator("[data-part=ladder] canvas").wait_for()


def _position_accounts(page: Page) -> None:
    _position(page)
    page.locator("[data-part=accounts] tbody button").first.click()
    page.locator(".o_cash_detail").wait_for()
    page.locator("[data-part=accounts]").scroll_into_view_if_needed()
    page.locator("[data-part=accounts]").evaluate("(part) => part.scrollIntoView()")


def _frozen_position(page: Page) -> None:
    page.locator(".o_data_row .o_data_cell").first.click()
    page.locator(".o_form_view").wait_for()


def _setup(page: Page) -> None:
    page.locator("div[name=name] input").fill("House bank")
    page.locator("div[name=adapter] input").click()
    page.locator(".o_select_menu_item", has_text="Ponto").click()
    page.get_by_role("button", name="Continue", exact=True).click()
    page.locator("div[name=endpoint] input").wait_for()


def _coverage(page: Page) -> None:
    page.locator(".o_coverage_cell:not(.o_coverage_not_expected)").first.click()
    page.locator(".o_coverage_day:not(.o_coverage_not_expected)").first.click()
    page.locator(".o_coverage_proof").wait_for()


def _profile(page: Page) -> None:
    page.locator(".o_form_view input[type=file]").set_input_files(
        {"name": "export.csv", "mimeType": "text/csv", "buffer": _EXPORT.encode()}
    )
    page.locator("div[name=name] input").fill("Savings bank, CSV export")
    page.get_by_role("button", name="Suggest", exact=True).click()
    page.locator("div[name=preview] table").wait_for()
    page.locator("div[name=preview]").scroll_into_view_if_needed()


def _payment_run(page: Page) -> None:
    page.get_by_role("button", name="Propose").click()
    page.locator(".o_data_row, .o_kanban_record:not(.o_kanban_ghost)").first.wait_for()


def _payment_order(page: Page) -> None:
    """Make an order of what the run proposes, and ask for its approval."""
    _payment_run(page)
    # What the bank refused before is not selected by itself.
    for chosen in page.locator("[name=selected] input").all():
        chosen.check(force=True)
    page.get_by_role("button", name="Make Payment Order").click()
    _press(page, "Ask for Approval")
    page.locator(".o_arrow_button_current", has_text="To Approve").wait_for()


def _approval(page: Page) -> None:
    """The order that waits for nothing but its approvers."""
    _open_order(page, [["state", "=", "to_approve"], ["hold_ids", "=", False]])
    page.get_by_role("tab", name="Instructions").click()


def _payees(page: Page) -> None:
    """The order that is held, since the bank does not confirm a payee."""
    _open_order(page, [["state", "=", "to_approve"], ["hold_ids", "!=", False]])
    page.get_by_role("tab", name="Instructions").click()


def _open_order(page: Page, domain: list) -> None:
    [order] = _call(page, "treasury.payment.order", "search", domain, limit=1)
    page.goto(f"/odoo/finance-payments/{order}")
    page.locator(".o_form_view").wait_for()


def _recall(page: Page) -> None:
    _record(page, "Accepted").click()
    answers = page.locator("div[name=answer_ids]")
    answers.locator(".o_data_row, .o_kanban_record:not(.o_kanban_ghost)").first.wait_for()
    answers.scroll_into_view_if_needed()


def _payment_timeline(page: Page) -> None:
    """The order whose payments went different ways."""
    _open_order(page, [["instruction_ids.state", "=", "returned"]])
    page.get_by_role("tab", name="Timeline").click()
    news = page.locator("div[name=news_ids]")
    news.locator(".o_data_row, .o_kanban_record").first.wait_for()
    page.locator("div[name=version]").evaluate("(part) => part.scrollIntoView()")


def _press(page: Page, name: str) -> None:
    """Press a button of a form's header, which on a phone is under the cog."""
    button = page.get_by_role("button", name=name, exact=True)
    page.locator(".o_form_view").wait_for()
    if not button.count():
        page.locator(
            ".o_statusbar_buttons .dropdown-toggle, .o_cp_action_menus button"
        ).first.click()
    button.first.click()


def _shadow(page: Page) -> None:
    _record(page, "GoCardless").click()
    page.locator(
        "div[name=day_ids] .o_data_row, div[name=day_ids] .o_kanban_record"
    ).first.wait_for()


def _shadow_lines(page: Page) -> None:
    _shadow(page)
    page.locator("button[name=action_open_lines]").first.click()
    page.locator(".o_facet_remove").first.click()
    # Drawn anew, with what is equal as well.
    _record(page, "Same")
    _record(page, "Only New Channel").scroll_into_view_if_needed()


def _held(page: Page) -> None:
    """Upload a statement whose figures do not agree, and wait until it is held."""
    [account] = _call(
        page,
        "account.journal",
        "search_read",
        [["currency_id.name", "=", "EUR"], ["bank_acc_number", "!=", False]],
        ["bank_acc_number"],
        limit=1,
    )
    content = _NOT_EVEN.format(account=account["bank_acc_number"].replace(" ", ""))
    file = {"name": "statement.sta", "datas": base64.b64encode(content.encode()).decode()}
    attachments = _call(page, "ir.attachment", "create", [file])
    uploads = _call(
        page, "bank.statement.upload", "create", [{"attachment_ids": [[6, 0, attachments]]}]
    )
    _call(page, "bank.statement.upload", "action_upload", uploads)
    for _look in range(60):
        page.goto(_HELD)
        page.locator(".o_list_view, .o_kanban_view").wait_for()
        # The demo itself may have one that is held for another reason.
        if page.locator(".o_data_row, .o_kanban_record", has_text=_STATED).count():
            return
        page.wait_for_timeout(1000)
    raise SystemExit("The statement that does not add up was not held.")


def _call(page: Page, model: str, method: str, *args, **kwargs):
    """Call a method as the person who is logged in."""
    call = {"model": model, "method": method, "args": args, "kwargs": kwargs}
    answer = page.request.post(
        "/web/dataset/call_kw", data={"jsonrpc": "2.0", "method": "call", "params": call}
    ).json()
    if "error" in answer:
        raise SystemExit(f"{model}.{method}: {answer['error']['data']['message']}")
    return answer["result"]


_EXPORT = """Booking date;Value date;Beneficiary;IBAN;Purpose;Amount;Balance
02.11.2026;02.11.2026;Bergkristall Optik GmbH;DE89370400440532013000;Invoice 4711;1.250,00;11.250,00
03.11.2026;03.11.2026;Atelier Deux Lacs SARL;FR1420041010050500013M02606;Rent November;-800,00;10.450,00
05.11.2026;04.11.2026;Kartenwerk Acquiring;;Terminal 0471, 24 sales;686,88;11.136,88
16.11.2026;16.11.2026;Lindwurm Maschinen AG;;Spare parts;-99,1O;11.037,78
"""
_PROFILE = "/odoo/action-bank_statement_api.bank_statement_profile_try_action"
_HELD = "/odoo/action-bank_statement_api.finance_exception_action_held"
_RECALLS = "/odoo/action-treasury_sync.treasury_payment_recall_action"
_STATED = re.compile(r"1,?300")
_NOT_EVEN = """:20:STARTUMS
:25:{account}
:28C:900/1
:60F:C261123EUR1000,00
:61:2611241124C250,00NTRFNONREF//K7
:86:Payment of an invoice
:62F:C261124EUR1300,00
-
"""


def _record(page: Page, text: str):
    """A record of a list, which is cards on a phone."""
    rows = page.locator(".o_data_row, .o_kanban_record:not(.o_kanban_ghost)", has_text=text)
    rows.first.wait_for()
    cells = rows.first.locator(".o_data_cell")
    return cells.nth(1) if cells.count() else rows.first


def _payment_with_refund(page: Page) -> None:
    _record(page, "Refund").click()
    page.locator(".o_form_view").wait_for()
    page.locator(".o_field_widget[name=parent_id] a").first.click()
    page.locator(".o_field_widget[name=payment_id] a").first.wait_for()


def _payout(page: Page) -> None:
    _record(page, "Failed").click()
    page.locator(".o_field_widget[name=row_ids]").wait_for()


def _export_run(page: Page) -> None:
    _record(page, "S3 store").click()
    page.locator(".o_field_widget[name=totals_text]").wait_for()


#: name of the picture, who looks, address, what to do there
_PICTURES = (
    ("overview", "olivia", "/odoo/finance", _overview),
    (
        "exceptions",
        "olivia",
        "/odoo/action-finance_connector_base.finance_exception_action",
        _records,
    ),
    ("exception", "olivia", "/odoo/finance", _first_exception),
    ("exchange", "olivia", "/odoo/finance", _stuck_exchange),
    ("review", "olivia", "/odoo/bank-review", _review),
    ("lines", "olivia", "/odoo/finance-statement-lines", _records),
    ("line", "olivia", "/odoo/finance-statement-lines", _line),
    ("feeds", "olivia", "/odoo/bank-feeds", _records),
    ("cash-position", "olivia", "/odoo/cash-position", _position),
    ("cash-accounts", "olivia", "/odoo/cash-position", _position_accounts),
    ("cash-frozen", "olivia", "/odoo/cash-frozen", _frozen_position),
    ("coverage", "olivia", "/odoo/bank-coverage", _coverage),
    ("shadow", "martin", "/odoo/bank-shadow", _shadow),
    ("shadow-lines", "martin", "/odoo/bank-shadow", _shadow_lines),
    ("audit", "anton", "/odoo/finance-audit", _records),
    ("held", "olivia", "/odoo/finance", _held),
    ("column-profile", "martin", _PROFILE, _profile),
    ("payment-run", "petra", "/odoo/finance-payment-run", _payment_run),
    ("payment-order", "petra", "/odoo/finance-payment-run", _payment_order),
    ("payment-approval", "anna", "/odoo/finance-payments", _approval),
    ("payment-timeline", "anna", "/odoo/finance-payments", _payment_timeline),
    ("payment-payees", "anna", "/odoo/finance-payments", _payees),
    ("payment-recall", "anna", _RECALLS, _recall),
    ("setup", "martin", "/odoo/connect-bank/new", _setup),
    ("settlement", "olivia", "/odoo/finance-settlements", _payment_with_refund),
    ("payout", "olivia", "/odoo/finance-payouts", _payout),
    ("journal-documents", "olivia", "/odoo/finance-journal-documents", _records),
    ("export-run", "olivia", "/odoo/reporting-runs", _export_run),
    ("connection", "martin", "/odoo/finance-connections", _connection),
)


def main(url: str, chromium: str, folder: Path, width: int) -> None:
    """Take every picture.

    :param width: of the window, in pixels
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for login in dict.fromkeys(login for _name, login, _address, _act in _PICTURES):
            context = browser.new_context(
                viewport={"width": width, "height": _HEIGHT}, base_url=url
            )
            # Both companies of the demo switched on.
            context.add_cookies([{"name": "cids", "value": "1-2", "url": url}])
            page = context.new_page()
            complaints = []
            page.on("pageerror", lambda error, told=complaints: told.append(str(error)))
            page.on(
                "console",
                lambda message, told=complaints: (
                    message.type == "error" and told.append(message.text)
                ),
            )
            _log_in(page, login)
            for name, who, address, act in _PICTURES:
                if who == login:
                    _take(page, address, act, folder / f"{name}.png")
            if complaints:
                raise SystemExit(f"The browser complains: {complaints}")
            context.close()
        browser.close()


def _log_in(page: Page, login: str) -> None:
    page.goto("/web/login")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", login)
    page.click("button[type=submit]")
    page.locator(".o_main_navbar").wait_for()


def _take(page: Page, address: str, act, path: Path) -> None:
    page.goto(address)
    page.locator(".o_action .o_content, .modal .o_form_view").first.wait_for()
    act(page)
    expect(page.locator(".o_loading_indicator")).to_have_count(0)
    page.wait_for_function("[...document.images].every((image) => image.complete)")
    page.mouse.move(0, 0)
    picture = Image.open(io.BytesIO(page.screenshot(animations="disabled")))
    # A screen has few colours: a palette halves the file and nobody sees it.
    picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    size = path.stat().st_size
    if size > _LARGEST:
        raise SystemExit(f"{path} has {size} bytes, more than {_LARGEST}.")
    print(f"{path}: {size // 1000} kB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("chromium")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--width", type=int, default=1280)
    chosen = parser.parse_args()
    main(chosen.url, chosen.chromium, chosen.folder, chosen.width)
