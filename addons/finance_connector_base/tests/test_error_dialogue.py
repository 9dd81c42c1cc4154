from unittest.mock import patch

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.finance_connector_base.tests.common import FinanceCase
from odoo.addons.finance_connector_base.tools.errors import BusinessError, RetryableError


@tagged("post_install", "-at_install")
class TestErrorDialogue(FinanceCase, HttpCase):
    """A button that meets an error of the suite tells a person what happened and what to do, and no traceback."""

    def press(self, error):
        """:return: the error that the web client gets from a button that ends with ``error``"""
        self.authenticate(self.operator.login, self.operator.login)
        call = {"model": "finance.exchange", "method": "action_retry", "args": [[]], "kwargs": {}}

        def end(records):
            raise error

        with (
            patch.object(type(self.env["finance.exchange"]), "action_retry", end),
            # Odoo warns of every refusal that it tells a person.
            mute_logger("odoo.http"),
        ):
            answer = self.url_open(
                "/web/dataset/call_button/finance.exchange/action_retry",
                json={"jsonrpc": "2.0", "method": "call", "params": call},
            ).json()
        return answer["error"]["data"]

    def test_what_happened_and_what_to_do(self):
        told = self.press(BusinessError("custom", "FX1 is held.", next_step="Release it."))
        # The web client shows this class as a plain message.
        self.assertEqual(told["name"], "odoo.exceptions.UserError")
        self.assertEqual(told["message"], "FX1 is held.\n\nRelease it.")

    def test_the_catalogue_says_what_to_do_where_the_error_does_not(self):
        told = self.press(
            RetryableError("The bank does not answer.", code="acknowledgement_overdue")
        )
        self.assertEqual(told["name"], "odoo.exceptions.UserError")
        self.assertRegex(told["message"], r"^The bank does not answer\.\n\n\w")
        told = self.press(RetryableError("The bank does not answer.", code="in_no_catalogue"))
        self.assertEqual(told["message"], "The bank does not answer.")

    def test_account_numbers_are_masked(self):
        told = self.press(BusinessError("custom", "FR7630006000011234567890189 has changed."))
        self.assertNotIn("30006000011234567890", told["message"])
