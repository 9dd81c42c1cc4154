"""Berlin Group NextGenPSD2 1.3.11, account information: what every call has in common."""

import uuid

from sandbox.router import ProblemError, Response, json_response


def problem(status, code, text, path=None):
    """Return the error in the form of the specification (``tppMessages``)."""
    message = {"category": "ERROR", "code": code, "text": text}
    if path:
        message["path"] = path
    return ProblemError(json_response(status, {"tppMessages": [message]}))


class Guard:
    """Checks ``X-Request-ID`` and the access token before a handler sees the request."""

    def __init__(self, oauth):
        self._oauth = oauth

    def add(self, router, method, template, handler):
        """Lead ``method`` on ``template`` to ``handler``, guarded."""

        def guarded(request):
            try:
                response = self._answer(handler, request)
            except ProblemError as error:
                response = error.response
            request_id = request.headers.get("X-Request-ID")
            if request_id:
                response.headers["X-Request-ID"] = request_id
            return response

        router.add(method, template, guarded)

    def _answer(self, handler, request) -> Response:
        request_id = request.headers.get("X-Request-ID", "")
        try:
            uuid.UUID(request_id)
        except ValueError as error:
            raise problem(
                400, "FORMAT_ERROR", "X-Request-ID must be a UUID.", "X-Request-ID"
            ) from error
        wrong = self._oauth.check(request.headers.get("Authorization"))
        if wrong:
            raise problem(401, wrong, "Fetch a new access token at /token.")
        return handler(request)
