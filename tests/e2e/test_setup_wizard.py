"""The guided set-up in a browser, as a person goes it: from the kind of system to the first import as a dry run."""

import datetime
import os
import time
from decimal import Decimal

import pytest

from certificates import Authority
from channel_bank import ACCOUNT, bank_day
from sandbox.gocardless import INSTITUTION
from sandbox.server import SandboxServer, mutual_tls
from tests.camt_writer import Line, daily_file

IBAN = "DE89370400440532013000"
SETUP = """
env["ir.config_parameter"].set_param("web.base.url", {url!r})
env["ir.config_parameter"].set_param("web.base.url.freeze", "True")
env.ref("base.EUR").active = True
env.company.currency_id = env.ref("base.EUR")
bank_account = env["res.partner.bank"].create({{
    "acc_number": {iban!r}, "partner_id": env.company.partner_id.id}})
env["account.journal"].create({{
    "name": "House bank", "code": "E2EW", "type": "bank", "bank_account_id": bank_account.id}})
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def bank(authority):
    tls = mutual_tls(*authority.files("bank"), authority.file)
    with SandboxServer(seed=11, base_date=bank_day(), tls=tls, history_days=14) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def server(odoo_server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("drop")
    server = odoo_server("setup_wizard", finance={"file_roots": str(folder)})
    server.folder = folder
    server.shell(SETUP.format(url=server.url, iban=IBAN))
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
        self.page.goto("/odoo/connect-bank/new")
        self.enter("name", name)
        self.page.locator("div[name=adapter] input").click()
        self.page.locator(".o_select_menu_item", has_text=kind).first.click()
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
            opened.value.wait_for_load_state()
        told = opened.value.content()
        opened.value.close()
        return told

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


@pytest.fixture
def wizard(chromium, server, authority, bank):
    certificate, key = authority.files("browser")
    wizard = Wizard(
        chromium,
        server,
        # The sandbox asks everybody on that port for a certificate, the account holder's browser too.
        ignore_https_errors=True,
        client_certificates=[
            {"origin": bank.tls_url, "certPath": str(certificate), "keyPath": str(key)}
        ],
    )
    yield wizard
    wizard.context.close()


def booked(server):
    return server.sql("SELECT count(*) FROM account_bank_statement_line")[0][0]


def test_folder(wizard, server):
    path = server.folder / "a.xml"
    day = datetime.date.today() - datetime.timedelta(days=3)
    path.write_bytes(daily_file(IBAN, "EUR", [Line(day, Decimal("5.00"), "x", reference="R1")]))
    os.utime(path, (1_700_000_000, 1_700_000_000))
    wizard.begin("Drop", "Folder")
    wizard.enter("endpoint", str(server.folder / "not there"))
    wizard.press("Test and Continue")
    wizard.page.get_by_text("Create the folder").wait_for()
    wizard.enter("endpoint", str(server.folder))
    wizard.press("Test and Continue")
    wizard.at("Accounts")
    wizard.press("Dry Run")
    wizard.at("Dry Run")
    assert "1 lines would be booked" in wizard.preview()
    assert booked(server) == 0
    wizard.press("Go Live")
    wizard.page.locator(".modal").get_by_role("button", name="Ok").click()
    wizard.at("Live")
    server.wait_for(lambda: booked(server) == 1, "the line")
    assert wizard.complaints == []


@pytest.mark.parametrize("kind", ["nextgenpsd2", "plaid", "gocardless", "ponto"])
def test_interface(wizard, server, bank, authority, kind):
    before = booked(server)
    label, address, secrets, holder = {
        "nextgenpsd2": ("NextGenPSD2", bank.url, ["sandbox-secret"], "nordhafen"),
        "plaid": ("Plaid", f"{bank.url}/plaid", ["sandbox-secret"], None),
        "gocardless": ("GoCardless", f"{bank.url}/api/v2", ["sandbox-secret"], INSTITUTION),
        "ponto": (
            "Ponto",
            f"{bank.tls_url}/ponto-connect",
            ["sandbox-secret", *authority.issue("our application")],
            None,
        ),
    }[kind]
    wizard.begin(f"Bank over {label}", label)
    wizard.enter("endpoint", address)
    wizard.tick("allow_private_address")
    wizard.enter("client_id", "sandbox-client")
    if kind == "nextgenpsd2":
        wizard.enter("token_url", f"{bank.url}/token")
    if kind == "ponto":
        wizard.enter("token_url", f"{bank.tls_url}/token")
        wizard.enter("authorization_url", f"{bank.tls_url}/oauth2/authorize")
        wizard.enter("ca_certificate", authority.certificate)
    wizard.press("Test and Continue")
    # The page is loaded anew with what went wrong; what is opened before goes with the old one.
    wizard.page.locator(".alert-danger", has_text="Enter it under Secrets").wait_for()
    for secret in secrets:
        wizard.add_secret(secret)
    wizard.press("Test and Continue")
    wizard.at("Consent")
    if holder:
        wizard.enter("holder_ref", holder)
    wizard.confirm_at_the_bank()
    wizard.press("I Have Confirmed")
    wizard.at("Accounts")
    iban = bank.world.accounts[ACCOUNT].iban
    wizard.page.locator("div[name=account_ids] .o_data_row").first.wait_for()
    wizard.press("Dry Run")
    wizard.at("Dry Run")
    assert "0 lines would be booked" not in wizard.preview()
    assert booked(server) == before, "a dry run books nothing"
    journals = server.sql(
        "SELECT count(*) FROM account_journal j JOIN res_partner_bank b ON b.id = j.bank_account_id"
        " WHERE b.sanitized_acc_number = %s",
        [iban],
    )
    assert journals == [(1,)], (
        "the journal of an account is made once, by whichever kind came first"
    )
    assert wizard.complaints == []


def test_log_has_no_warning(server):
    assert server.bad_lines() == []
