"""The way out over SFTP, against OpenSSH's own server."""

import getpass
import os
import socket
import sys
import threading
from pathlib import Path

import pytest

from odoo.addons.finance_connector_base.tools import sftp_address, sftp_client
from odoo.addons.finance_connector_base.tools.errors import (
    FinalError,
    RetryableError,
    UnknownOutcomeError,
)
from odoo.addons.finance_connector_base.tools.sftp_address import Address, HostKey
from odoo.addons.finance_connector_base.tools.sftp_client import SftpClient

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "setup"))
from lib.sshd import SshServer
from tests.relay import Relay


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with SshServer(tmp_path_factory.mktemp("ssh")) as running:
        yield running


@pytest.fixture
def folder(server, tmp_path_factory):
    server.folder = tmp_path_factory.mktemp("drop")
    return server.folder


def client(server, **options):
    address = sftp_address.parse_address(server.address)
    options = {
        "host_key": HostKey("ssh-ed25519", server.fingerprint),
        "private_key": server.private_key,
        "allow_private": True,
        **options,
    }
    return SftpClient(address, **options)


def refusal(server, **options):
    with pytest.raises((FinalError, RetryableError)) as caught, client(server, **options):
        pass
    return caught.value


# === ADDRESS AND KEY === #


def test_address_names_user_host_port_and_folder():
    read = sftp_address.parse_address
    assert read("sftp://me@bank.example/out") == Address("bank.example", 22, "me", "/out")
    assert read("sftp://a%40b@bank.example:2222") == Address("bank.example", 2222, "a@b", ".")
    assert read("sftp://me@bank.example/~/out").folder == "out"


@pytest.mark.parametrize(
    "text",
    ["", "bank.example", "sftp://bank.example/x", "https://me@bank.example", "sftp://me:pw@h/x"],
)
def test_other_addresses_are_refused_with_the_form_they_must_have(text):
    with pytest.raises(FinalError) as caught:
        sftp_address.parse_address(text)
    assert caught.value.code == "sftp_setup"
    assert "pw" not in caught.value.message


def test_key_asked_for_is_the_one_that_openssh_prints(server, folder):
    key = sftp_client.fetch_host_key(sftp_address.parse_address(server.address), allow_private=True)
    assert str(key) == f"ssh-ed25519 {server.fingerprint}"
    assert sftp_address.parse_host_key(str(key)) == key
    assert sftp_address.parse_host_key("") is None


def test_without_a_trusted_key_there_is_no_connection(server, folder):
    assert refusal(server, host_key=None).code == "host_key_unknown"


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ssh-dss"])
def test_another_key_is_refused_before_the_login(server, folder, kind):
    other = HostKey(kind, "SHA256:" + "A" * 43)
    error = refusal(server, host_key=other, private_key=None, password="secret")
    assert error.code == "host_key_changed"
    assert "Accepted" not in (server.base / "log").read_text().splitlines()[-1]


def test_private_address_needs_leave(server, folder):
    assert refusal(server, allow_private=False).code == "sftp_address_refused"


def test_refused_login_is_final(server, folder):
    assert refusal(server, private_key=None, password="wrong").code == "sftp_login_refused"


def test_unusable_private_key_says_what_would_do():
    address = Address("bank.example", 22, "me", ".")
    with pytest.raises(FinalError) as caught:
        SftpClient(address, HostKey("ssh-ed25519", "SHA256:x"), private_key="nonsense")
    assert caught.value.code == "sftp_key_unusable"


# === READING === #


def test_only_regular_files_are_listed_whatever_their_names(server, folder):
    for name in (b"a.xml", b"gr\xfc\xdfe.xml", b"blank name;rm -rf.xml"):
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(b"123")
    (folder / "sub").mkdir()
    (folder / "link.xml").symlink_to("/etc/passwd")
    with client(server) as session:
        files = session.files()
        assert sorted(file.name for file in files) == [
            b"a.xml",
            b"blank name;rm -rf.xml",
            b"gr\xfc\xdfe.xml",
        ]
        assert {file.size for file in files} == {3}
        for file in files:
            assert session.read(file, max_bytes=10) == b"123"
            assert "\udcfc" not in file.shown


def test_missing_folder_is_an_error_and_never_empty(server, folder):
    folder.rmdir()
    with client(server) as session, pytest.raises(FinalError) as caught:
        session.files()
    assert caught.value.code == "sftp_refused"


def test_large_file_is_read_whole_and_a_too_large_one_not_at_all(server, folder):
    content = os.urandom(3_000_000)
    (folder / "big").write_bytes(content)
    with client(server) as session:
        [file] = session.files()
        assert session.read(file, max_bytes=len(content)) == content
        with pytest.raises(FinalError) as caught:
            session.read(file, max_bytes=len(content) - 1)
    assert caught.value.code == "file_too_large"


def test_file_that_grew_or_went_away_is_not_read(server, folder):
    path = folder / "a"
    path.write_bytes(b"123")
    with client(server) as session:
        [file] = session.files()
        with path.open("ab") as stream:
            stream.write(b"4")
        assert session.read(file, max_bytes=10) is None
        assert not session.is_unchanged(file)
        path.unlink()
        assert session.read(file, max_bytes=10) is None
        assert session.move(file, "archive") is False


# === MOVING === #


def test_move_makes_folders_and_never_overwrites(server, folder):
    with client(server) as session:
        for number in range(3):
            (folder / "a.xml").write_text(str(number))
            [file] = session.files()
            assert session.move(file, "archive/2026-03") is True
    kept = {path.name: path.read_text() for path in (folder / "archive/2026-03").iterdir()}
    assert kept == {"a.xml": "0", "a.2.xml": "1", "a.3.xml": "2"}


def test_link_in_the_place_of_the_archive_moves_nothing_out(server, folder, tmp_path):
    (folder / "archive").symlink_to(tmp_path)
    (folder / "a.xml").write_text("x")
    with client(server) as session, pytest.raises(FinalError):
        [file] = session.files()
        session.move(file, "archive/2026-03")
    assert list(tmp_path.iterdir()) == []
    assert (folder / "a.xml").exists()


# === WRITING === #


def test_put_hands_over_the_whole_file_under_its_name_only(server, folder):
    content = os.urandom(700_000)
    with client(server) as session:
        session.put("pain.xml", content)
    assert (folder / "pain.xml").read_bytes() == content
    assert [path.name for path in folder.iterdir()] == ["pain.xml"]


def test_put_never_overwrites(server, folder):
    (folder / "pain.xml").write_text("theirs")
    with client(server) as session, pytest.raises(FinalError) as caught:
        session.put("pain.xml", b"ours")
    assert caught.value.code == "remote_file_exists"
    assert (folder / "pain.xml").read_text() == "theirs"


def test_put_loses_a_race_for_the_name_without_overwriting(server, folder, monkeypatch):
    with client(server) as session:
        had = session._session.has
        answers = iter([False])
        monkeypatch.setattr(session._session, "has", lambda path: next(answers, None) or had(path))
        (folder / "pain.xml").write_text("theirs")
        with pytest.raises(FinalError) as caught:
            session.put("pain.xml", b"ours")
    assert caught.value.code == "remote_file_exists"
    assert (folder / "pain.xml").read_text() == "theirs"


def test_left_over_of_a_broken_upload_is_replaced(server, folder):
    (folder / f"pain.xml{sftp_client.UPLOAD_SUFFIX}").write_text("half of something longer")
    with client(server) as session:
        session.put("pain.xml", b"ours")
    assert (folder / "pain.xml").read_bytes() == b"ours"


@pytest.mark.parametrize("name", ["../x", "a/b", "", "..", "a\0"])
def test_put_takes_names_and_no_paths(server, folder, name):
    with client(server) as session, pytest.raises(ValueError, match="no file name"):
        session.put(name, b"x")


def test_refused_folder_is_final_and_nothing_is_there(server, folder):
    with client(server) as session, pytest.raises(FinalError) as caught:
        session.put("a", b"x", folder=str(folder / "missing"))
    assert caught.value.code == "sftp_refused"


# === A BAD LINE === #


@pytest.fixture
def relay(server):
    relay = Relay(server.port)
    yield relay
    relay.close()


def relayed(server, relay, **options):
    return SftpClient(
        Address("127.0.0.1", relay.port, getpass.getuser(), str(server.folder)),
        HostKey("ssh-ed25519", server.fingerprint),
        private_key=server.private_key,
        allow_private=True,
        **options,
    )


def test_cut_connection_may_be_tried_again(server, folder, relay):
    with relayed(server, relay) as session:
        relay.cut()
        with pytest.raises(RetryableError) as caught:
            session.files()
    assert caught.value.code in ("sftp_connect", "sftp_protocol")


def test_silent_server_is_left_and_may_be_tried_again(server, folder, relay):
    with relayed(server, relay, silent_seconds=0.3) as session:
        relay.silent.set()
        with pytest.raises(RetryableError) as caught:
            session.files()
    assert caught.value.code == "sftp_timeout"


def test_missing_answer_to_the_last_step_of_an_upload_is_unknown(
    server, folder, relay, monkeypatch
):
    with relayed(server, relay, silent_seconds=0.3) as session:
        rename = session._session.rename

        def fall_silent(*paths):
            relay.silent.set()
            return rename(*paths)

        monkeypatch.setattr(session._session, "rename", fall_silent)
        with pytest.raises(UnknownOutcomeError) as caught:
            session.put("pain.xml", b"ours")
    assert caught.value.code == "sftp_rename_unknown"


def test_nobody_there_may_be_tried_again():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(RetryableError) as caught:
        sftp_client.fetch_host_key(Address("127.0.0.1", port, "me", "."), allow_private=True)
    assert caught.value.code == "sftp_connect"


def test_server_that_speaks_something_else_is_no_ssh_server():
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet():
            peer, _address = listener.accept()
            with peer:
                peer.sendall(b"HTTP/1.1 400 Bad Request\r\n" * 200)

        threading.Thread(target=greet, daemon=True).start()
        port = listener.getsockname()[1]
        with pytest.raises(RetryableError) as caught:
            sftp_client.fetch_host_key(
                Address("127.0.0.1", port, "me", "."), allow_private=True, connect_seconds=2.0
            )
    assert caught.value.code in ("sftp_protocol", "sftp_connect", "sftp_timeout")
