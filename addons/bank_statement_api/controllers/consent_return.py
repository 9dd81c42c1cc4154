from http import HTTPStatus

from odoo import SUPERUSER_ID
from odoo.http import Controller, request, route

from odoo.addons.bank_statement_api.models.bank_statement_consent import RETURN_PATH
from odoo.addons.finance_connector_base.tools.errors import FinanceError, describe


class ConsentReturnController(Controller):
    @route(RETURN_PATH, type="http", auth="public", methods=["GET"], readonly=False)
    def consent_return(self, state="", **parameters):
        """Where an account holder comes back to from the bank's page, logged in to Odoo or not.

        The secret ``state`` says which consent is meant, once. What the request claims is not believed: the bank itself
        is asked what became of the consent, and while it does not say, the consent stays as it was.
        """
        env = request.env(user=SUPERUSER_ID, su=True, context={})
        parameters = {**parameters, "state": state}
        status, values = HTTPStatus.OK, {}
        try:
            consent = env["bank.statement.consent"]._waiting_for(state)
            # Used up before anybody is asked: the same request again finds nothing.
            env["finance.exchange"]._checkpoint()
            consent._complete(parameters)
            states = dict(consent._fields["state"]._description_selection(env))
            values = {
                "consent": consent.name,
                "state": states[consent.state],
                "valid": consent.state == "valid",
            }
        except FinanceError as error:
            env["finance.exchange"]._abandon()
            report = describe(error)
            status = HTTPStatus.BAD_REQUEST
            values = {"message": report.message, "next_step": report.next_step}
        answer = request.render("bank_statement_api.consent_return", values, status=status)
        # The secret in this page's address is for nobody else.
        answer.headers["Referrer-Policy"] = "no-referrer"
        answer.headers["Cache-Control"] = "no-store"
        return answer
