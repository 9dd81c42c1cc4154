"""Requests, answers and the table that leads from one to the other."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import parse_qsl


class ProblemError(Exception):
    """An answer that is an error; raised anywhere below a handler.

    :param response: what the caller gets.
    """

    def __init__(self, response):
        super().__init__(response.status)
        self.response = response


@dataclass
class Request:
    """One HTTP request, its body read in full.

    :param certificate: whether the caller showed a client certificate that is trusted.
    :param params: values of the ``{name}`` parts of the route.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: object
    body: bytes
    base_url: str
    certificate: bool = False
    params: dict[str, str] = field(default_factory=dict)

    def json(self, kind=dict):
        """Return the body, a JSON object or, by ``kind``, list; no body is an empty one.

        :raise ProblemError: 400 when the body is not that.
        """
        if not self.body:
            return kind()
        try:
            content = json.loads(self.body)
        except ValueError as error:
            raise ProblemError(refusal(400, f"The body is not JSON: {error}")) from error
        if not isinstance(content, kind):
            raise ProblemError(refusal(400, f"The body must be a JSON {kind.__name__}"))
        return content

    def form(self):
        """Return the fields of an ``application/x-www-form-urlencoded`` body."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


@dataclass
class Response:
    """One HTTP answer.

    :param delivered: called once the whole answer has been written to the caller.
    """

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delivered: Callable[[], None] | None = None


def json_response(status, content, headers=None, delivered=None):
    """Return an answer with ``content`` as JSON, keys in the order given."""
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(
        status, body, {"Content-Type": "application/json", **(headers or {})}, delivered
    )


def refusal(status, message):
    """Return an error of the sandbox's own (not a bank's) interface: one clear sentence."""
    return json_response(status, {"error": message})


def iso_date(text, name):
    """Return ``text`` as a date.

    :raise ProblemError: 400 naming the field when it is not ``YYYY-MM-DD``.
    """
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise ProblemError(
            refusal(400, f"{name} must be a date like 2026-11-20, not {text!r}")
        ) from error


class Router:
    """Routes by method and path template, such as ``/v1/accounts/{account}/balances``."""

    def __init__(self):
        self._routes = []

    def add(self, method, template, handler):
        """Lead ``method`` on ``template`` to ``handler(request) -> Response``."""
        pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template))
        self._routes.append((method, pattern, handler))

    def dispatch(self, request):
        """Answer ``request``; unknown paths get 404, unknown methods of a known path 405."""
        allowed = []
        for method, pattern, handler in self._routes:
            match = pattern.fullmatch(request.path)
            if not match:
                continue
            if method == request.method:
                request.params = match.groupdict()
                try:
                    return handler(request)
                except ProblemError as problem:
                    return problem.response
            allowed.append(method)
        if allowed:
            answer = refusal(405, f"{request.path} takes {', '.join(allowed)}")
            answer.headers["Allow"] = ", ".join(allowed)
            return answer
        return refusal(404, f"Nothing here: {request.path}")
