from odoo import api, fields, models

from odoo.addons.finance_connector_base.tools.errors import BusinessError, FinanceError


class BankStatementApiCaller(models.AbstractModel):
    """One call of an adapter to a bank's interface: within its limits, with a token that is renewed once where it is
    refused, its outcome remembered, and never with an error taken for an answer.
    """

    _name = "bank.statement.api.caller"
    _description = "Caller of Bank Interfaces"

    @api.model
    def _call(
        self,
        connection,
        method,
        path,
        *,
        scope,
        counted=True,
        idempotent=None,
        headers=None,
        **content,
    ):
        """
        :param str scope: what the counterparty's limits are counted by
        :param bool counted: whether it counts against the limits; further pages do not
        :param bool idempotent: whether it may be repeated without a second effect; by default what only reads
        :param content: ``params``, ``json``, ``form`` or ``body`` of :meth:`HttpClient.request`
        :return: a response with a 2xx status
        :rtype: HttpResponse
        :raise FinanceError: any other outcome
        """
        if counted:
            connection._guard_call(scope)
        if idempotent is None:
            idempotent = method == "GET"
        response = None
        try:
            token = self._token(connection)
            with connection._http_client() as client:

                def send(token):
                    return client.request(
                        method,
                        path,
                        idempotent=idempotent,
                        headers={**self._headers(connection, token), **(headers or {})},
                        **content,
                    )

                response = send(token)
                if token and response.status == 401 and self._is_token_refused(response):
                    # Named, so that of all workers who saw it refused only one asks for another.
                    response = send(self._token(connection, refused=token))
            self._raise_for_error(response)
        except FinanceError as error:
            told = response.headers if response is not None else None
            connection._record_outcome(error, headers=told, scope=scope)
            raise
        connection._record_outcome(headers=response.headers, scope=scope)
        return response

    @api.model
    def _token(self, connection, refused=False):
        """:return: the access token, or None where the interface knows none"""
        return connection._access_token(force=refused)

    @api.model
    def _headers(self, connection, token):
        return {"Authorization": f"Bearer {token}", "Accept": "application/json"}

    @api.model
    def _is_token_refused(self, response):
        return True

    @api.model
    def _raise_for_error(self, response):
        """Turn an answer that is no success into an error; never into an empty result."""
        response.raise_for_status(fields.Datetime.now())

    @api.model
    def _consent_ended(self, code):
        """:return: the error of an account that its holder has to give access to again"""
        return BusinessError(
            code,
            self.env._("The bank no longer lets the account be read."),
            next_step=self.env._("Open the consent, request it again and confirm it at the bank."),
        )
