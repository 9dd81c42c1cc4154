"""A request with the access token of a connection."""

from http import HTTPStatus


def request(connection, method, path, *, idempotent, headers, **content):
    """Make one request; a token that is refused is renewed, and a question asked again with it. An order is not.

    :param bool idempotent: whether it may be made twice
    :param dict headers: beside the authorization
    :param content: see :meth:`HttpClient.request`
    :return: the answer, whatever its status
    :rtype: HttpResponse
    :raise FinanceError: unknown whenever the other side may have taken it
    """
    token = connection._access_token()
    with connection._http_client() as client:

        def ask(token):
            authorization = {"Authorization": f"Bearer {token}"}
            return client.request(
                method, path, idempotent=idempotent, headers={**headers, **authorization}, **content
            )

        response = ask(token)
        if response.status == HTTPStatus.UNAUTHORIZED:
            renewed = connection._access_token(force=token)
            if idempotent:
                response = ask(renewed)
    return response
