"""The position board with the accounts of a large company, in a real browser: pages, totals, drill-down, gaps."""

import re
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from servers import log_in

ACCOUNTS, PAGE = 500, 50
OLD, SILENT = range(5), range(5, 10)
SETUP = """
import datetime
from odoo import Command, fields
company = env["res.company"].create({{"name": "Holding", "currency_id": env.ref("base.EUR").id}})
env.ref("base.EUR").active = True
accounts = env["res.partner.bank"].create([
    {{"acc_number": "ACCOUNT %04d" % number, "partner_id": company.partner_id.id}} for number in range({accounts})])
bank = env["res.bank"].create({{"name": "Bank of Tests"}})
accounts[::2].bank_id = bank
ledger = env["account.account"].with_company(company).create([
    {{"name": "Bank %04d" % number, "code": "10%04d" % number, "account_type": "asset_cash",
      "company_ids": [Command.set(company.ids)]}} for number in range({accounts})])
journals = env["account.journal"].with_context(tracking_disable=True).create([
    {{"name": "Board %04d" % number, "code": "B%04d" % number, "type": "bank", "company_id": company.id,
      "bank_account_id": account.id, "default_account_id": own.id}}
    for number, (account, own) in enumerate(zip(accounts, ledger))])
connection = env["finance.connection"].create({{
    "name": "Uploads", "adapter": "upload", "environment": "sandbox", "company_id": company.id}})
interface = env["finance.interface"].create({{
    "name": "Files", "code": "e2e.board", "handler": "bank_statement", "connection_id": connection.id,
    "company_id": company.id}})
exchange, _new = env["finance.exchange"]._receive(interface, "first", b"stated", source="upload", process=False)
day = fields.Date.today() - datetime.timedelta(days=1)
while day.weekday() > 4:
    day -= datetime.timedelta(days=1)
env["bank.statement.balance"].create([
    {{"journal_id": journal.id, "currency_id": company.currency_id.id, "type": "CLBD", "amount": 100 + number,
      "date": day - datetime.timedelta(days=30 if number in {old} else 0), "exchange_id": exchange.id}}
    for number, journal in enumerate(journals) if number not in {silent}])
env["res.users"].create({{
    "name": "Tess", "login": "tess", "password": "tess", "company_id": company.id,
    "company_ids": [Command.set(company.ids)],
    "group_ids": [Command.link(env.ref("finance_connector_base.group_finance_viewer").id)]}})
"""


@pytest.fixture(scope="module")
def server(odoo_server):
    server = odoo_server("board")
    server.shell(
        SETUP.format(accounts=ACCOUNTS, old=list(OLD), silent=list(SILENT)).replace("\n\n", "\n")
    )
    return server


@pytest.fixture
def board(server, chromium):
    page = chromium.new_page(base_url=server.url)
    log_in(page, "tess")
    page.goto("/odoo/cash-position")
    page.locator("[data-part=accounts]").wait_for()
    yield page
    page.close()


def number(text):
    """:return: the amount that a text of the board shows"""
    return Decimal(re.sub(r"[^\d.-]", "", text))


def test_total_is_the_sum_of_all_accounts_and_gaps_are_said(board):
    known = [each for each in range(ACCOUNTS) if each not in SILENT]
    total = sum(100 + each for each in known)
    card = board.locator("[data-part=total]")
    assert number(card.locator(".o_cash_total").inner_text().removesuffix("EUR")) == total
    shares = board.locator("[data-part=shares]").get_by_role("region", name="By bank")
    # Half of the accounts have no bank: each is a bar of its own, and the largest are shown at first.
    more = shares.get_by_role("button", name=re.compile(r"^Show \d+ more$"))
    more.click()
    expect(more).to_have_count(0)
    assert sum(map(number, shares.locator(".o_cash_bar_amount").all_inner_texts())) == total
    warning = board.locator(".o_cash_incomplete")
    expect(warning).to_contain_text("This position is not complete.")
    findings = warning.locator("li").all_inner_texts()
    assert len(findings) == len(OLD) + len(SILENT)
    for each in OLD:
        assert any(f"Board {each:04}" in one and "too old" in one for one in findings), each
    for each in SILENT:
        assert any(f"Board {each:04}" in one and "no balance" in one for one in findings), each
    counted = board.locator("[data-part=complete] .o_cash_total")
    expect(counted).to_have_text(
        re.compile(rf"{ACCOUNTS - len(OLD) - len(SILENT)}\s*of {ACCOUNTS}")
    )


def test_accounts_come_in_pages_and_are_found_by_name_and_bank(board):
    rows = board.locator(".o_cash_accounts > tbody > tr")
    expect(rows).to_have_count(PAGE)
    more = board.get_by_role("button", name="Show more")
    for shown in range(PAGE, ACCOUNTS, PAGE):
        expect(more).to_have_text(f"Show more ({ACCOUNTS - shown})")
        more.click()
        expect(rows).to_have_count(shown + PAGE)
    expect(more).to_have_count(0)
    names = rows.locator("button").all_inner_texts()
    assert sorted(name.strip() for name in names) == [
        f"Board {each:04}" for each in range(ACCOUNTS)
    ]
    search = board.get_by_role("searchbox", name="Search accounts")
    search.fill("board 0123")
    expect(rows).to_have_count(1)
    search.fill("")
    expect(rows).to_have_count(PAGE)
    board.get_by_role("button", name="Bank of Tests").click()
    expect(more).to_have_text(f"Show more ({ACCOUNTS // 2 - PAGE})")


def test_account_leads_to_what_its_bank_stated(board):
    board.get_by_role("searchbox", name="Search accounts").fill("Board 0123")
    row = board.locator(".o_cash_accounts > tbody > tr")
    expect(row).to_contain_text("Up to date")
    row.get_by_role("button", name="Board 0123").click()
    detail = board.locator(".o_cash_detail")
    expect(detail).to_contain_text("Why bank and books differ")
    expect(detail.locator("td.o_cash_figures")).to_have_text("223.00")
    detail.get_by_role("button", name="All Balances").click()
    expect(board.locator(".o_list_view .o_data_row")).to_have_count(1)
    expect(board.locator(".o_list_view .o_data_row")).to_contain_text("223.00")
    board.go_back()
    board.locator("[data-part=accounts]").wait_for()


def test_account_without_a_balance_says_so_in_its_row(board):
    for each, label in ((SILENT[0], "No balance"), (OLD[0], "Too old")):
        board.get_by_role("searchbox", name="Search accounts").fill(f"Board {each:04}")
        row = board.locator(".o_cash_accounts > tbody > tr")
        expect(row).to_have_count(1)
        expect(row).to_contain_text(label)
