"""Ibanity: what Ponto Connect and Isabel Connect have in common: mutual TLS, a person's OAuth2 grant, JSON:API."""

import html
import uuid
from urllib.parse import urlencode

from sandbox.oauth import CLIENT_ID
from sandbox.router import ProblemError, Response, json_response

MEDIA_TYPE = "application/vnd.api+json"


def problem(status, code, detail):
    """Return the error in Ibanity's form."""
    return ProblemError(
        json_response(
            status,
            {"errors": [{"code": code, "detail": detail}]},
            {"Content-Type": MEDIA_TYPE},
        )
    )


def resource(kind, identification, attributes, **more):
    """Return one JSON:API resource."""
    return {"type": kind, "id": identification, "attributes": attributes, **more}


def document(content, status=200, delivered=None):
    """Return an answer in JSON:API's media type."""
    return json_response(status, content, {"Content-Type": MEDIA_TYPE}, delivered)


def stable_uuid(*parts):
    """Return a UUID that only depends on ``parts``."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(map(str, parts))))


class Gate:
    """Lets in whoever shows a client certificate and a token that a person granted."""

    def __init__(self, world, oauth):
        self._world = world
        self._oauth = oauth

    def add_routes(self, router):
        """Offer the page on which a person gives access."""
        router.add("GET", "/oauth2/authorize", self._authorize)

    def add(self, router, method, template, handler):
        """Lead ``method`` on ``template`` to ``handler``, behind certificate and token."""

        def guarded(request):
            if not request.certificate:
                raise problem(401, "certificateMissing", "Mutual TLS is required.")
            authorization = request.headers.get("Authorization")
            if self._oauth.check(authorization):
                raise problem(401, "invalidToken", "Fetch a new access token.")
            if not self._oauth.is_granted(authorization):
                raise problem(403, "forbidden", "Nobody gave this application access.")
            return handler(request)

        router.add(method, template, guarded)

    def _authorize(self, request):
        """Opening the page is the person's decision; it leads back with a code."""
        query = request.query
        if query.get("client_id") != CLIENT_ID or query.get("response_type") != "code":
            raise problem(400, "invalidRequest", "Unknown client or response type.")
        address = query.get("redirect_uri", "")
        if query.get("decision") == "reject":
            return _lead_back(address, error="access_denied", state=query.get("state", ""))
        scope = f"{query.get('scope', '')} offline_access"
        code = self._oauth.grant(scope, address, query.get("code_challenge", ""))
        return _lead_back(address, code=code, state=query.get("state", ""))


def _lead_back(address, **parameters):
    target = f"{address}{'&' if '?' in address else '?'}{urlencode(parameters)}"
    page = f'<a href="{html.escape(target)}">Return to your application</a>'
    return Response(302, page.encode(), {"Content-Type": "text/html", "Location": target})
