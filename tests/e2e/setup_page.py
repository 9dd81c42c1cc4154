"""The guided set-up as a person sees it: what is entered, pressed and read there."""

import re
import time

from playwright.sync_api import expect

from servers import log_in

_ENDS = ("would be booked", "no statement for us")


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
        log_in(self.page)

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
        self.page.locator(".o_statusbar_status .o_arrow_button_current", has_text=step).wait_for()

    def press(self, label):
        self.page.locator(".o_statusbar_buttons").get_by_role(
            "button", name=label, exact=True
        ).click()

    def enter(self, field, text):
        self.page.locator(f"div[name={field}]").locator("input, textarea").first.fill(text)

    def value(self, field):
        return (
            self.page.locator(f"div[name={field}]").locator("input, textarea").first.input_value()
        )

    def says(self, text):
        """What went wrong stands above the step, which stays."""
        expect(self.page.locator(".alert-danger", has_text=text)).to_be_visible()

    def tick(self, field):
        self.page.locator(f"div[name={field}] input[type=checkbox]").check()

    def add_secret(self, secret):
        """A new line of the secrets: which one is still needed is filled in."""
        self.page.locator("div[name=credential_ids]").get_by_text("Add a line").click()
        dialog = self.page.locator(".modal")
        dialog.locator("div[name=secret]").locator("input, textarea").first.fill(secret)
        dialog.get_by_role("button", name="Save & Close").click()
        dialog.wait_for(state="detached")

    def replace_secret(self, secret):
        """Enter the only secret anew: the old one is not shown."""
        self.page.locator("div[name=credential_ids] .o_data_row .o_data_cell").first.click()
        dialog = self.page.locator(".modal")
        entry = dialog.locator("div[name=secret]").locator("input, textarea").first
        expect(entry).to_have_value("")
        entry.fill(secret)
        dialog.get_by_role("button", name="Save", exact=True).click()
        dialog.wait_for(state="detached")

    def trust(self, fingerprint):
        """Ask the server for its key, compare it, and trust it."""
        self.page.get_by_role("button", name="Ask the Server for Its Key").click()
        dialog = self.page.locator(".modal")
        expect(dialog).to_contain_text(fingerprint)
        dialog.get_by_role("button", name="Trust This Key").click()
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
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            text = preview.inner_text()
            if any(end in text for end in _ENDS) and "being worked" not in text:
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

    def finish(self, files=False):
        """From the accounts over the dry run to live.

        :param bool files: each says its account itself, so none is listed
        """
        self.at("Accounts")
        if not files:
            self.page.locator("div[name=account_ids] .o_data_row").first.wait_for()
        self.press("Dry Run")
        self.at("Dry Run")
        assert "would be booked" in self.preview()
        assert self.booked() == 0, "a dry run books nothing"
        self.press("Go Live")
        self.page.locator(".modal").get_by_role("button", name="Ok").click()
        self.at("Live")
        assert self.complaints == []
