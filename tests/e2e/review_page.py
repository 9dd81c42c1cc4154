"""The review board in the browser of one person."""

import re

from playwright.sync_api import expect

WIDE = {"width": 1280, "height": 800}
NARROW = {"width": 390, "height": 780}

DARK = """:root {
    --body-color: #dee2e6; --body-color-rgb: 222, 226, 230; --body-bg: #212529; --emphasis-color: #fff;
    --tertiary-bg: #2b3035; --info-bg-subtle: #032830; --warning-bg-subtle: #332701; --border-color: #495057;
}
body, .o_content, .table, .table > :not(caption) > * > * { background-color: #212529; color: #dee2e6; }"""
"""What a dark theme sets."""
CONTRASTS = """() => {
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
"""Contrast of text and ground by place, and how light the ground is."""


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
        self.page.locator(".o_review_row, .o_review_empty").first.wait_for()
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
        # A key or click shows with the next frame: until then the line before still looks selected.
        self.page.evaluate(
            "new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(shown)))"
        )
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
        told = self.page.locator(".o_notification", has_text=text).first
        expect(told).to_be_visible()

    def keys(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def undo_by_mouse(self):
        self.page.locator(".o_review_filters [data-action=undo]").click()

    def is_reconciled(self, line_id):
        [(reconciled,)] = self.server.sql(
            "SELECT is_reconciled FROM account_bank_statement_line WHERE id = %s", [line_id]
        )
        return reconciled
