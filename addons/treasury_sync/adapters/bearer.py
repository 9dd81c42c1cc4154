"""A request with a bearer token: the access token of the connection, or a key that never changes."""

from http import HTTPStatus


def request(connection, method, path, *, headers, key=None, **content):
    """Make one request. An access token that is refused is renewed, and the request made again, once.

    A 401 says that nothing was taken (RFC 6750, section 3.1), so that this holds for orders as for questions.

    :param dict headers: beside the authorization
    :param str key: instead of the access token; it cannot be renewed
    :param content: see :meth:`HttpClient.request`
    :return: the answer, whatever its status
    :rtype: HttpResponse
    :raise FinanceError: unknown whenever the other side may have taken it
    """
    token = key or connection._access_token()
    with connection._http_client() as client:

        def ask(token):
            authorization = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
            return client.request(method, path, headers={**authorization, **headers}, **content)

        response = ask(token)
        if response.status == HTTPStatus.UNAUTHORIZED and not key:
            response = ask(connection._access_token(force=token))
    return response
