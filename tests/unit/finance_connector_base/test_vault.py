"""A secret must be unreadable and unchangeable without the ring, and the ring must never be lost."""

import os
import stat
import string
import threading
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_connector_base.tools.errors import ErrorClass
from odoo.addons.finance_connector_base.tools.vault import (
    KeyFileError,
    KeyRing,
    TamperedValueError,
    UnknownKeyError,
)

KEY_A = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="
KEY_B = "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI="
RING = KeyRing.from_text(f"a {KEY_A} 2026-01-31\nb {KEY_B}\n")
AAD = b"finance.credential:7"


@given(st.binary(max_size=400), st.binary(max_size=40))
def test_decrypt_of_encrypt_is_the_value(plaintext, aad):
    assert RING.decrypt(RING.encrypt(plaintext, aad), aad) == plaintext
    assert RING.decrypt(memoryview(RING.encrypt(plaintext, aad)), aad) == plaintext


@given(st.text("aé€𝄞 \n:", max_size=200))
def test_decrypt_text_of_encrypt_text_is_the_value(plaintext):
    token = RING.encrypt_text(plaintext, AAD)
    assert token.startswith("v1:a:")
    assert RING.decrypt_text(token, AAD) == plaintext


@given(st.data())
def test_a_flipped_bit_anywhere_is_refused(data):
    token = bytearray(RING.encrypt(b"secret value", AAD))
    position = data.draw(st.integers(0, len(token) - 1))
    token[position] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises((TamperedValueError, UnknownKeyError)):
        RING.decrypt(bytes(token), AAD)


@given(st.data())
def test_a_changed_character_of_a_text_value_is_refused(data):
    token = RING.encrypt_text("secret value", AAD)
    position = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(
        st.sampled_from(string.printable).filter(lambda char: char != token[position])
    )
    with pytest.raises((TamperedValueError, UnknownKeyError)):
        RING.decrypt_text(token[:position] + other + token[position + 1 :], AAD)


def test_another_spelling_of_the_same_bytes_is_refused():
    """The last character before the padding of base64 has bits that mean nothing."""
    token = RING.encrypt_text("secret value", AAD)
    assert token.endswith("==")
    respelled = f"{token[:-3]}{chr(ord(token[-3]) + 1)}=="
    with pytest.raises(TamperedValueError):
        RING.decrypt_text(respelled, AAD)


@pytest.mark.parametrize(
    "token", [b"", b"FCV1", b"FCV1\x05a", b"FCV1\x01a", b"FCV1\x01a" + b"x" * 20, b"junk"]
)
def test_a_cut_value_is_refused(token):
    with pytest.raises(TamperedValueError):
        RING.decrypt(token, AAD)


def test_the_key_id_is_bound_to_the_value():
    """Two ids for one key: renaming the id in the value must not go unnoticed."""
    ring = KeyRing.from_text(f"a {KEY_A}\nc {KEY_A}")
    with pytest.raises(TamperedValueError):
        ring.decrypt_text(ring.encrypt_text("x", AAD).replace("v1:a:", "v1:c:"), AAD)


def test_a_value_moved_to_another_record_is_refused():
    with pytest.raises(TamperedValueError) as caught:
        RING.decrypt(RING.encrypt(b"secret value", AAD), b"finance.credential:8")
    assert caught.value.error_class is ErrorClass.FINAL
    assert caught.value.next_step


def test_equal_values_look_different():
    assert RING.encrypt(b"x", AAD) != RING.encrypt(b"x", AAD)


def test_an_unknown_key_is_named():
    token = KeyRing.from_text(f"z {KEY_A}").encrypt(b"x", AAD)
    with pytest.raises(UnknownKeyError, match="“z”"):
        RING.decrypt(token, AAD)


def test_rotation_keeps_old_values_readable(tmp_path):
    path = tmp_path / "keys"
    old = KeyRing.generate(path)
    value, text = old.encrypt(b"x", AAD), old.encrypt_text("x", AAD)
    new = KeyRing.add_key(path)
    assert KeyRing.load(path).key_ids == new.key_ids
    assert new.current_key_id != old.current_key_id
    assert new.created(new.current_key_id) is not None
    assert (new.needs_rotation(value), new.needs_rotation(text)) == (True, True)
    assert new.needs_rotation(new.encrypt(b"x", AAD)) is False
    assert (new.decrypt(value, AAD), new.decrypt_text(text, AAD)) == (b"x", "x")


def test_generate_never_replaces_a_ring(tmp_path):
    path = tmp_path / "keys"
    KeyRing.generate(path)
    before = path.read_bytes()
    with pytest.raises(KeyFileError, match="exists already"):
        KeyRing.generate(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("key_id", ["first", "a b", "a\ncurrent x", "x" * 33])
def test_a_new_key_never_takes_the_place_of_another(tmp_path, key_id):
    path = tmp_path / "keys"
    KeyRing.generate(path, "first")
    before = path.read_bytes()
    with pytest.raises(KeyFileError, match="can't be the id of a new key"):
        KeyRing.add_key(path, key_id)
    assert path.read_bytes() == before


def test_key_files_are_private_from_the_first_byte(tmp_path, monkeypatch):
    modes = []
    real_open = os.open

    def recording_open(path, flags, mode=0o777, **kwargs):
        if flags & os.O_CREAT:
            modes.append(mode)
        return real_open(path, flags, mode, **kwargs)

    monkeypatch.setattr(os, "open", recording_open)
    KeyRing.generate(tmp_path / "keys")
    assert modes == [0o600]
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o600


def test_adding_a_key_keeps_the_mode_for_the_server_that_reads_it(tmp_path):
    path = tmp_path / "keys"
    KeyRing.generate(path)
    path.chmod(0o640)
    KeyRing.add_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_failed_write_leaves_the_ring_and_no_draft(tmp_path, monkeypatch):
    path = tmp_path / "keys"
    KeyRing.generate(path)
    before = path.read_bytes()

    def disk_full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", disk_full)
    with pytest.raises(KeyFileError, match="No space left"):
        KeyRing.add_key(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["keys"]


def test_keys_added_at_once_are_all_kept(tmp_path):
    path = tmp_path / "keys"
    KeyRing.generate(path, "first")
    names = [f"key-{number}" for number in range(8)]
    threads = [threading.Thread(target=KeyRing.add_key, args=(path, name)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(KeyRing.load(path).key_ids) == {"first", *names}


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o620, 0o666, 0o601])
def test_a_file_open_to_others_is_refused(tmp_path, mode):
    path = tmp_path / "keys"
    KeyRing.generate(path)
    path.chmod(mode)
    with pytest.raises(KeyFileError) as caught:
        KeyRing.load(path)
    assert "chmod 600" in caught.value.next_step


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(KeyFileError, match="nowhere does not exist"):
        KeyRing.load(tmp_path / "nowhere")


def test_the_current_line_marks_the_key():
    ring = KeyRing.from_text(f"# ring\n\na {KEY_A}\ncurrent: b\nb {KEY_B}")
    assert ring.current_key_id == "b"
    assert RING.current_key_id == "a"
    assert RING.created("a").isoformat() == "2026-01-31"
    assert RING.created("b") is None


def test_the_environment_can_hold_the_ring():
    ring = KeyRing.from_environ("KEYS", {"KEYS": f"a {KEY_A}; b {KEY_B}"})
    assert ring.key_ids == ("a", "b")
    with pytest.raises(KeyFileError, match="variable KEYS"):
        KeyRing.from_environ("KEYS", {})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing",
        f"a {KEY_A[:-4]}",
        f"a {KEY_A}!",
        f"a b c {KEY_A}",
        f"{KEY_A}",
        f"a:b {KEY_A}",
        f"a {KEY_A} yesterday",
        f"a {KEY_B} {KEY_A}",
        f"a {KEY_A}\na {KEY_B}",
        f"current: c\na {KEY_A}",
    ],
)
def test_a_malformed_ring_is_refused_without_showing_it(text):
    with pytest.raises(KeyFileError) as caught:
        KeyRing.from_text(text)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert KEY_A[:20] not in shown


def test_no_representation_shows_a_key():
    shown = f"{RING!r} {RING} {vars(RING)}"
    assert "QUFB" not in shown
    assert "AAAA" not in shown


def test_a_refused_value_shows_neither_key_nor_plaintext():
    token = RING.encrypt(b"hunter2-plaintext", AAD)
    with pytest.raises(TamperedValueError) as caught:
        RING.decrypt(token, b"other")
    shown = "".join(traceback.format_exception(caught.value))
    assert "hunter2" not in shown
    assert "AAAA" not in shown
