from odoo.tests import HttpCase, tagged

from odoo.addons.finance_connector_base.tests.common import FinanceCase


@tagged("post_install", "-at_install")
class TestScreens(FinanceCase, HttpCase):
    """Every screen opens for the groups with least and with most; an error on the console fails."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.exception = cls.env["finance.exception"]._open(
            "signature_invalid", "A sender has no secret.", company=cls.company_a, kind="technical"
        )

    def click_everywhere(self, user):
        self.browser_js(
            "/odoo",
            "odoo.loader.modules.get('@web/webclient/clickbot/clickbot_loader')"
            ".startClickEverywhere('finance_connector_base.menu_finance_root');",
            "odoo.isReady === true",
            login=user.login,
            timeout=600,
            success_signal="clickbot test succeeded",
        )

    def test_viewer_opens_every_screen(self):
        self.click_everywhere(self.viewer)

    def test_manager_opens_every_screen(self):
        self.click_everywhere(self.manager)

    def test_viewer_reads_the_overview(self):
        self.start_tour("/odoo/finance", "finance_overview", login=self.viewer.login)

    def test_operator_resolves_exception_with_reason(self):
        self.start_tour("/odoo/finance", "finance_exception_resolve", login=self.operator.login)
        self.assertEqual(self.exception.state, "resolved")
        self.assertEqual(self.exception.resolution, "The secret was entered.")
        self.assertEqual(self.exception.resolved_by_id, self.operator)
