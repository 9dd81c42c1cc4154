"""Objects of an S3-compatible store, created and never replaced (``If-None-Match``), each with its checksum.

Requests are signed by botocore and sent by the suite's own client, so that TLS, addresses and limits are checked as for
any other call. Path style, as all such stores understand it.
"""

from base64 import b64encode
from datetime import datetime
from http import HTTPStatus
from urllib.parse import quote

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from odoo.addons.finance_connector_base.tools.digest import sha256_hex
from odoo.addons.finance_connector_base.tools.errors import RetryableError
from odoo.addons.finance_connector_base.tools.http_client import HttpClient, HttpResponse
from odoo.addons.reporting_export.tools.errors import ObjectDiffersError

from . import CREATED, IDENTICAL

_CHECKSUM = "x-amz-checksum-sha256"


class S3Store:
    """A bucket, or what is below a prefix of it.

    :param HttpClient client: to ``origin``, not open yet.
    :param str origin: ``https://host[:port]``.
    :param str prefix: without slashes at its ends; may be empty.
    :param tuple keys: access key id and secret access key.
    :param now: the present time, for what an answer says of waiting.
    """

    def __init__(
        self,
        client: HttpClient,
        origin: str,
        bucket: str,
        prefix: str,
        region: str,
        keys: tuple[str, str],
        now: datetime,
    ):
        self._client = client
        self._origin = origin.rstrip("/")
        self._root = f"/{bucket}/{prefix}".rstrip("/")
        self._bucket = bucket
        self._signer = S3SigV4Auth(Credentials(*keys), "s3", region)
        self._now = now

    def __enter__(self):
        self._client.__enter__()
        return self

    def __exit__(self, *exc_info):
        self._client.__exit__(*exc_info)

    def check(self) -> None:
        """Ask whether the bucket is there and may be used.

        :raise FinanceError: it is not.
        """
        self._call("HEAD", f"/{self._bucket}").raise_for_status(self._now)

    def put_new(self, path: str, content: bytes, sha256: str) -> str:
        """Create an object; the store itself checks the bytes it got against their checksum.

        :param path: below the prefix, with slashes.
        :raise ObjectDiffersError: another object is there.
        :raise RetryableError: two writers met, or the store cannot answer now.
        """
        checksum = b64encode(bytes.fromhex(sha256)).decode()
        response = self._call(
            "PUT",
            self._key(path),
            headers={
                "If-None-Match": "*",
                _CHECKSUM: checksum,
                "x-amz-sdk-checksum-algorithm": "SHA256",
                "Content-Type": "application/octet-stream",
            },
            body=content,
        )
        if response.status == HTTPStatus.PRECONDITION_FAILED:
            self._compare(path, sha256, checksum)
            return IDENTICAL
        if response.status == HTTPStatus.CONFLICT:
            raise RetryableError(f"Somebody else writes {path} just now.", code="s3_conflict")
        response.raise_for_status(self._now)
        return CREATED

    def _compare(self, path, sha256, checksum):
        key = self._key(path)
        response = self._call("HEAD", key, headers={"x-amz-checksum-mode": "ENABLED"})
        response.raise_for_status(self._now)
        if response.headers.get(_CHECKSUM) == checksum:
            return
        # Written by another program, or kept by a store that does not say its checksums.
        response = self._call("GET", key)
        response.raise_for_status(self._now)
        actual = sha256_hex(response.body)
        if actual != sha256:
            raise ObjectDiffersError(path, sha256, actual)

    def _key(self, path):
        if path.startswith("/") or ".." in path.split("/"):
            raise ValueError(f"{path} leads out of the bucket.")
        return f"{self._root}/{path}"

    def _call(self, method, key, headers=None, body=b"") -> HttpResponse:
        # What is signed is what is sent, letter by letter.
        url = self._origin + quote(key, safe="/-_.~")
        request = AWSRequest(method=method, url=url, data=body, headers=headers or {})
        self._signer.add_auth(request)
        # An object is created or left alone: the same call again has no second effect.
        return self._client.request(
            method, url, idempotent=True, headers=dict(request.headers.items()), body=body or None
        )
