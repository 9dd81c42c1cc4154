"""What the counterparties of the sandbox send by themselves."""

import urllib.error
import urllib.request


def post(url: str, content: bytes, headers: dict[str, str]) -> int:
    """Post ``content`` as JSON.

    :param headers: may state another content type
    :return: the status of the answer; 0 where nobody answered
    """
    request = urllib.request.Request(
        url, content, {"Content-Type": "application/json", **headers}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=300) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return 0
