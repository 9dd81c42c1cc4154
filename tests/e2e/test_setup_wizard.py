"""The guided set-up in a browser, as a person goes it: from the kind of system to the first import as a dry run."""

import re
import time

import pytest
from playwright.sync_api import expect

from certificates import Authority
from channel_bank import ACCOUNT, bank_day
from sandbox.gocardless import INSTITUTION
from sandbox.server import SandboxServer, mutual_tls

SETUP = """
env["ir.config_parameter"].set_param("web.base.url", {url!r})
env["ir.config_parameter"].set_param("web.base.url.freeze", "True")
(env.ref("base.EUR") | env.ref("base.CHF") | env.ref("base.USD")).active = True
env.company.currency_id = env.ref("base.EUR")
"""
JOURNAL = """
number = env["res.partner.bank"].search([("sanitized_acc_number", "=", {number!r})]) or env["res.partner.bank"].create(
    {{"acc_number": {number!r}, "partner_id": env.company.partner_id.id}}
)
journal = env["account.journal"].search([("bank_account_id", "=", number.id)]) or env["account.journal"].create(
    {{
        "name": "House",
        "type": "bank",
        "bank_account_id": number.id,
        "currency_id": env["res.currency"].search([("name", "=", {currency!r})]).id,
    }}
)
journal.name = "House"
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def bank(authority):
    tls = mutual_tls(*authority.files("bank"), authority.file)
    with SandboxServer(seed=11, base_date=bank_day(), history_days=14, tls=tls) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def server(odoo_server):
    server = odoo_server("setup_wizard")
    server.shell(SETUP.format(url=server.url))
    return server


class Wizard:
    """The form of the set-up, in a browser.

    :ivar complaints: what the browser's console said was wrong.
    """

    def __init__(self, chromium, server, **options):
        self.server = server
        self.context = chromium.new_context(
            viewport={"width": 1280, "height": 900}, base_url=server.url, **options
        )
        self.page = self.context.new_page()
        self.complaints = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto("/web/login")
        self.page.fill("input[name=login]", "admin")
        self.page.fill("input[name=password]", "admin")
        self.page.click("button[type=submit]")
        self.page.locator(".o_main_navbar").wait_for()

    def begin(self, name, kind):
        """The first step: a name and the kind of system."""
        self.name = name
        self.page.goto("/odoo/connect-bank/new")
        # First, since the answer to another change may close the list of kinds under the mouse.
        chosen = self.page.locator("div[name=adapter] input")
        chosen.click()
        self.page.locator(".o_select_menu_item", has_text=kind).first.click()
        expect(chosen).to_have_value(re.compile(kind))
        self.enter("name", name)
        self.press("Continue")
        self.at("Access")

    def at(self, step):
        self.page.locator(".o_statusbar_status .o_arrow_button_current", has_text=step).wait_for(
            timeout=60_000
        )

    def press(self, label):
        self.page.locator(".o_statusbar_buttons").get_by_role(
            "button", name=label, exact=True
        ).click()

    def enter(self, field, text):
        self.page.locator(f"div[name={field}]").locator("input, textarea").first.fill(text)

    def tick(self, field):
        self.page.locator(f"div[name={field}] input[type=checkbox]").check()

    def add_secret(self, secret):
        """A new line of the secrets: which one is still needed is filled in."""
        self.page.locator("div[name=credential_ids]").get_by_text("Add a line").click()
        dialog = self.page.locator(".modal")
        dialog.locator("div[name=secret]").locator("input, textarea").first.fill(secret)
        dialog.get_by_role("button", name="Save & Close").click()
        dialog.wait_for(state="detached")

    def confirm_at_the_bank(self):
        """Go to the bank's page in a new tab, and come back."""
        with self.context.expect_page() as opened:
            self.press("Go to the Bank's Page")
        opened.value.wait_for_load_state()
        link = opened.value.get_by_role("link", name="Return to your application")
        if link.count():
            link.click()
            # To close the page before it came back would leave the bank's word behind.
            opened.value.wait_for_url(f"{self.server.url}/**")
        opened.value.close()

    def preview(self):
        """Look again until the dry run is done.

        :return: what it says
        """
        preview = self.page.locator("div[name=preview]")
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            text = preview.inner_text()
            if "would be booked" in text and "being worked" not in text:
                return text
            self.press("Look Again")
            self.page.wait_for_timeout(500)
        raise AssertionError(f"the dry run did not end: {preview.inner_text()}")

    def booked(self):
        """:return: lines that came over this connection; what was set up before it may be fetching meanwhile"""
        [(count,)] = self.server.sql(
            """SELECT count(*) FROM account_bank_statement_line line
                 JOIN finance_exchange exchange ON exchange.id = line.exchange_id
                 JOIN finance_connection connection ON connection.id = exchange.connection_id
                WHERE connection.name = %s""",
            [self.name],
        )
        return count

    def finish(self):
        """From the accounts over the dry run to live."""
        self.at("Accounts")
        self.page.locator("div[name=account_ids] .o_data_row").first.wait_for()
        self.press("Dry Run")
        self.at("Dry Run")
        assert "problem" not in self.preview()
        assert self.booked() == 0, "a dry run books nothing"
        self.press("Go Live")
        self.page.locator(".modal").get_by_role("button", name="Ok").click()
        self.at("Live")
        assert self.complaints == []


@pytest.fixture
def wizard(chromium, server, bank, authority):
    # The sandbox asks everybody on its port of mutual TLS for a certificate, the account holder's browser too.
    certificate, key = map(str, authority.files("browser"))
    own = {"origin": bank.tls_url, "certPath": certificate, "keyPath": key}
    wizard = Wizard(chromium, server, client_certificates=[own], ignore_https_errors=True)
    yield wizard
    wizard.context.close()


def test_interface(wizard, server, bank):
    wizard.begin("House bank", "NextGenPSD2")
    wizard.enter("endpoint", bank.url)
    wizard.tick("allow_private_address")
    wizard.enter("client_id", "sandbox-client")
    wizard.enter("token_url", f"{bank.url}/token")
    wizard.press("Test and Continue")
    # The page is loaded anew with what went wrong; what is opened before goes with the old one.
    wizard.page.locator(".alert-danger", has_text="Enter it under Secrets").wait_for()
    wizard.add_secret("sandbox-secret")
    wizard.press("Test and Continue")
    wizard.at("Consent")
    wizard.enter("holder_ref", "nordhafen")
    wizard.confirm_at_the_bank()
    wizard.press("I Have Confirmed")
    wizard.at("Accounts")
    wizard.page.locator("div[name=account_ids] .o_data_row").first.wait_for()
    wizard.press("Dry Run")
    wizard.at("Dry Run")
    assert "0 lines would be booked" not in wizard.preview()
    assert wizard.booked() == 0, "a dry run books nothing"
    journals = server.sql(
        "SELECT count(*) FROM account_journal j JOIN res_partner_bank b ON b.id = j.bank_account_id"
        " WHERE b.sanitized_acc_number = %s",
        [bank.world.accounts[ACCOUNT].iban],
    )
    assert journals == [(1,)]
    assert wizard.complaints == []


def test_gocardless(wizard, server, bank):
    wizard.begin("Our GoCardless", "GoCardless")
    wizard.enter("endpoint", f"{bank.url}/api/v2")
    wizard.tick("allow_private_address")
    wizard.enter("client_id", "sandbox-client")
    wizard.add_secret("sandbox-secret")
    wizard.press("Test and Continue")
    wizard.at("Consent")
    wizard.press("Go to the Bank's Page")
    wizard.page.locator(".o_field_invalid[name=holder_ref]").wait_for()
    wizard.enter("holder_ref", INSTITUTION)
    wizard.confirm_at_the_bank()
    wizard.press("I Have Confirmed")
    wizard.finish()


def test_ponto(wizard, server, bank, authority):
    wizard.begin("Our Ponto", "Ponto")
    wizard.enter("endpoint", f"{bank.tls_url}/ponto-connect")
    wizard.tick("allow_private_address")
    wizard.enter("token_url", f"{bank.tls_url}/token")
    wizard.enter("authorization_url", f"{bank.tls_url}/oauth2/authorize")
    wizard.enter("client_id", "sandbox-client")
    wizard.enter("ca_certificate", authority.certificate)
    for secret in ("sandbox-secret", *authority.issue("our application")):
        wizard.add_secret(secret)
    wizard.press("Test and Continue")
    wizard.at("Consent")
    wizard.confirm_at_the_bank()
    wizard.press("I Have Confirmed")
    wizard.finish()
    expect(wizard.page.locator("div[name=webhook_address]")).to_contain_text("/finance/webhook/")


def test_plaid(wizard, server, bank):
    """Only the end of a number is told: the journal that ends so is proposed, and none is made."""
    account = bank.world.accounts[ACCOUNT]
    server.shell(JOURNAL.format(number=account.iban, currency=account.currency))
    journals = "SELECT count(*) FROM account_journal"
    before = server.sql(journals)
    wizard.begin("Our Plaid", "Plaid")
    wizard.enter("endpoint", f"{bank.url}/plaid")
    wizard.tick("allow_private_address")
    wizard.enter("client_id", "sandbox-client")
    wizard.add_secret("sandbox-secret")
    wizard.press("Test and Continue")
    wizard.at("Consent")
    wizard.confirm_at_the_bank()
    wizard.press("I Have Confirmed")
    wizard.at("Accounts")
    row = wizard.page.locator(
        "div[name=account_ids] .o_data_row", has_text=f"{account.currency} …{account.iban[-4:]}"
    )
    expect(row.locator("[name=journal_id]")).to_contain_text("House")
    wizard.finish()
    assert server.sql(journals) == before


def test_log_has_no_warning(server):
    assert server.bad_lines() == []
