"""Stores create a file once, whole, and replace none: OpenSSH's own server, and an S3 store nobody here wrote."""

import sys
import threading
from base64 import b64decode
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from moto.s3.responses import S3Response
from moto.server import ThreadedMotoServer

from odoo.addons.finance_connector_base.tools import sftp_address
from odoo.addons.finance_connector_base.tools.digest import sha256_hex
from odoo.addons.finance_connector_base.tools.errors import FinalError, RetryableError
from odoo.addons.finance_connector_base.tools.http_client import HttpClient
from odoo.addons.finance_connector_base.tools.sftp_address import HostKey
from odoo.addons.finance_connector_base.tools.sftp_client import SftpClient
from odoo.addons.reporting_export.tools.errors import ObjectDiffersError
from odoo.addons.reporting_export.tools.stores import CREATED, IDENTICAL
from odoo.addons.reporting_export.tools.stores.folder import FolderStore
from odoo.addons.reporting_export.tools.stores.s3 import S3Store
from odoo.addons.reporting_export.tools.stores.sftp import SftpStore

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "setup"))
from lib.sshd import SshServer

PATH = "items/v=3/entity=acme/period=2026-01/run=1/part 0000.parquet"
KEYS = ("access", "secret")


@pytest.fixture(scope="module")
def one_put_at_a_time():
    """A store looks at ``If-None-Match`` and writes in one step; threads of this one meet between the two."""
    turn, put = threading.Lock(), S3Response.put_object

    def put_in_turn(response):
        with turn:
            return put(response)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(S3Response, "put_object", put_in_turn)
        yield


@pytest.fixture(scope="module")
def s3(one_put_at_a_time):
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    server.url = f"http://{host}:{port}"
    server.client = boto3.client(
        "s3",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id=KEYS[0],
        aws_secret_access_key=KEYS[1],
    )
    server.client.create_bucket(Bucket="lake")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def ssh(tmp_path_factory):
    with SshServer(tmp_path_factory.mktemp("ssh")) as running:
        yield running


def s3_store(s3, prefix="exports", url=None):
    origin = url or s3.url
    return S3Store(
        HttpClient(origin, allow_private=True),
        origin=origin,
        bucket="lake",
        prefix=prefix,
        region="us-east-1",
        keys=KEYS,
        now=datetime.now(UTC),
    )


@pytest.fixture(params=["folder", "sftp", "s3"])
def place(request, tmp_path):
    """A new, empty place: how to open a store of it, and how to look into it by other means."""
    if request.param == "folder":
        return lambda: FolderStore(tmp_path), lambda path: (tmp_path / path).read_bytes()
    if request.param == "sftp":
        ssh = request.getfixturevalue("ssh")
        ssh.folder = tmp_path
        address = sftp_address.parse_address(ssh.address)

        def opened():
            return SftpStore(
                SftpClient(
                    address,
                    HostKey("ssh-ed25519", ssh.fingerprint),
                    private_key=ssh.private_key,
                    allow_private=True,
                )
            )

        return opened, lambda path: (Path(address.folder) / path).read_bytes()
    s3 = request.getfixturevalue("s3")
    prefix = f"exports/{tmp_path.name}"
    return (
        lambda: s3_store(s3, prefix),
        lambda path: s3.client.get_object(Bucket="lake", Key=f"{prefix}/{path}")["Body"].read(),
    )


def put(place, content, path=PATH):
    opened, _read = place
    with opened() as store:
        return store.put_new(path, content, sha256_hex(content))


def test_file_is_created_once_and_never_replaced(place):
    _opened, read = place
    assert put(place, b"rows") == CREATED
    assert put(place, b"rows") == IDENTICAL
    with pytest.raises(ObjectDiffersError):
        put(place, b"other")
    assert read(PATH) == b"rows"


def test_large_file_comes_whole(place):
    _opened, read = place
    content = bytes(range(256)) * 8192
    assert put(place, content) == CREATED
    assert read(PATH) == content


def test_no_path_leads_out(place):
    with pytest.raises(ValueError, match="leads out"):
        put(place, b"x", "../x")


def test_writers_that_meet_leave_one_file(place):
    opened, read = place
    contents, outcomes = [b"one" * 1000, b"two" * 1000], []
    ready = threading.Barrier(2)

    def write(content):
        with opened() as store:
            ready.wait()
            try:
                outcomes.append(store.put_new(PATH, content, sha256_hex(content)))
            except (ObjectDiffersError, RetryableError, FinalError) as error:
                outcomes.append(type(error).__name__)

    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(CREATED) <= 1, outcomes
    assert read(PATH) in contents


def test_store_is_told_the_checksum(s3):
    content = b"rows"
    with s3_store(s3) as store:
        store.put_new("checked", content, sha256_hex(content))
    head = s3.client.head_object(Bucket="lake", Key="exports/checked", ChecksumMode="ENABLED")
    assert b64decode(head["ChecksumSHA256"]).hex() == sha256_hex(content)


def test_bucket_that_is_not_there_is_said(s3):
    with s3_store(s3) as store:
        store.check()
    missing = S3Store(
        HttpClient(s3.url, allow_private=True),
        origin=s3.url,
        bucket="elsewhere",
        prefix="",
        region="us-east-1",
        keys=KEYS,
        now=datetime.now(UTC),
    )
    with missing as store, pytest.raises(FinalError):
        store.check()


def test_store_that_is_down_is_tried_again(s3):
    with s3_store(s3, url="http://127.0.0.1:9") as store, pytest.raises(RetryableError):
        store.put_new("x", b"x", sha256_hex(b"x"))
