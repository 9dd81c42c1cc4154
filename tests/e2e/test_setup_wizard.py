"""The guided set-up in a browser, as a person goes it: from the kind of system to the first import as a dry run."""

import datetime
import os
import time
from decimal import Decimal

import pytest
from example_bank import KEY, ExampleBank
from playwright.sync_api import expect
from setup_page import Wizard

from certificates import Authority
from channel_bank import ACCOUNT, bank_day
from lib.sshd import SshServer
from sandbox.gocardless import INSTITUTION
from sandbox.server import SandboxServer, mutual_tls
from tests.camt_writer import Line, daily_file

FOLDER_IBAN = "DE89370400440532013000"
SFTP_IBAN = "AT611904300234573201"
EXAMPLE_IBAN = "FR1420041010050500013M02606"

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
def drops(tmp_path_factory):
    """Where folders may be that files are picked up from."""
    return tmp_path_factory.mktemp("drops")


@pytest.fixture(scope="module")
def server(odoo_server, drops):
    server = odoo_server("setup_wizard", finance={"file_roots": str(drops)})
    server.shell(SETUP.format(url=server.url))
    return server


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


def statement_file(folder, name, iban, amount="5.00"):
    """Put a finished statement into a folder, old enough to be picked up."""
    day = datetime.date.today() - datetime.timedelta(days=3)
    line = Line(day, Decimal(amount), "Payment", reference=f"R{name}")
    path = folder / name
    path.write_bytes(daily_file(iban, "EUR", [line], opening=Decimal(100)))
    old = time.time() - 60
    os.utime(path, (old, old))


def test_isabel(wizard, server, bank, authority):
    """Certificates first; a pattern that fits no file is told; one step back, and the right one counts."""
    account = bank.world.accounts[ACCOUNT]
    server.shell(JOURNAL.format(number=account.iban, currency=account.currency))
    wizard.begin("Our Isabel", "Isabel")
    wizard.enter("endpoint", f"{bank.tls_url}/isabel-connect")
    wizard.tick("allow_private_address")
    wizard.enter("token_url", f"{bank.tls_url}/token")
    wizard.enter("authorization_url", f"{bank.tls_url}/oauth2/authorize")
    wizard.enter("client_id", "sandbox-client")
    wizard.enter("ca_certificate", authority.certificate)
    wizard.add_secret("sandbox-secret")
    wizard.press("Test and Continue")
    wizard.says("Still needed: Certificate; Private key")
    for secret in authority.issue("our application"):
        wizard.add_secret(secret)
    wizard.press("Test and Continue")
    wizard.at("Consent")
    wizard.press("Back")
    wizard.at("Access")
    assert wizard.value("client_id") == "sandbox-client"
    wizard.press("Test and Continue")
    wizard.at("Consent")
    wizard.confirm_at_the_bank()
    wizard.press("I Have Confirmed")
    wizard.at("Accounts")
    wizard.enter("filename_pattern", "*.sta")
    wizard.press("Dry Run")
    wizard.at("Dry Run")
    assert "has no statement for us yet" in wizard.preview()
    wizard.press("Back")
    wizard.at("Accounts")
    wizard.enter("filename_pattern", f"*{account.iban}*.xml")
    wizard.finish(files=True)


def test_sftp(wizard, server, tmp_path):
    """A server whose key nobody has compared gets no login, and who has no key of ours is not let in."""
    server.shell(JOURNAL.format(number=SFTP_IBAN, currency="EUR"))
    with SshServer(tmp_path) as ssh:
        statement_file(ssh.folder, "a.xml", SFTP_IBAN)
        wizard.begin("Our server", "SFTP")
        wizard.enter("endpoint", ssh.address.replace("sftp://", "https://"))
        wizard.tick("allow_private_address")
        wizard.press("Test and Continue")
        wizard.says("Still needed: Private key or Password")
        wizard.add_secret(ssh.private_key)
        wizard.press("Test and Continue")
        wizard.says("sftp://")
        wizard.enter("endpoint", ssh.address)
        wizard.press("Test and Continue")
        wizard.says("not known yet")
        wizard.trust(ssh.fingerprint)
        wizard.press("Test and Continue")
        wizard.at("Accounts")
        expect(wizard.page.get_by_text("1 files wait")).to_be_visible()
        wizard.finish(files=True)
        server.wait_for(lambda: wizard.booked() == 1, "the line")
        assert [path.name for path in ssh.folder.glob("archive/*/*")] == ["a.xml"]


def test_folder(wizard, server, drops):
    """A folder that Odoo may not touch, one that is not there, and one whose file has nobody's account."""
    statement_file(drops, "a.xml", FOLDER_IBAN)
    wizard.begin("Our folder", "Folder")
    for address, told in (
        ("/etc", "not below a root that odoo.conf allows"),
        (f"{drops}/later", "does not exist or cannot be read and written by Odoo"),
    ):
        wizard.enter("endpoint", address)
        wizard.press("Test and Continue")
        wizard.says(told)
    wizard.enter("endpoint", str(drops))
    wizard.press("Test and Continue")
    wizard.at("Accounts")
    wizard.press("Dry Run")
    wizard.at("Dry Run")
    assert f"has the account ****{FOLDER_IBAN[-4:]}" in wizard.preview()
    wizard.press("Back")
    wizard.at("Accounts")
    server.shell(JOURNAL.format(number=FOLDER_IBAN, currency="EUR"))
    wizard.finish(files=True)
    server.wait_for(lambda: wizard.booked() == 1, "the line")


def test_example_adapter(wizard, server):
    """An addon's own kind of system is set up as all others are: a wrong key is told, its account found by number."""
    server.shell(JOURNAL.format(number=EXAMPLE_IBAN, currency="EUR"))
    bank = ExampleBank(EXAMPLE_IBAN, [5, -2, 7])
    try:
        wizard.begin("Example bank", "Example bank")
        wizard.enter("endpoint", bank.url)
        wizard.tick("allow_private_address")
        wizard.add_secret("another-key")
        wizard.press("Test and Continue")
        wizard.says("401")
        wizard.replace_secret(KEY)
        wizard.press("Test and Continue")
        wizard.at("Accounts")
        row = wizard.page.locator("div[name=account_ids] .o_data_row")
        expect(row).to_contain_text(EXAMPLE_IBAN)
        expect(row.locator("[name=journal_id]")).to_contain_text("House")
        wizard.press("Back")
        wizard.at("Access")
        wizard.press("Test and Continue")
        wizard.finish()
        server.wait_for(lambda: wizard.booked() == 3, "the lines")
    finally:
        bank.close()


def test_log_has_no_warning(server):
    assert server.bad_lines() == []
