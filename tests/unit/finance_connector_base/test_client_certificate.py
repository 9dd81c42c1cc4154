"""Mutual TLS: which certificate and key are a pair, and that the key never lies on disk in clear."""

import tempfile

import pytest

from odoo.addons.finance_connector_base.tools import client_certificate
from odoo.addons.finance_connector_base.tools.client_certificate import choose_pair, client_context
from odoo.addons.finance_connector_base.tools.errors import FinalError

from .http_server import self_signed


def _pair(folder, address):
    path, _context = self_signed(folder, address=address)
    return path.read_text(), path.with_suffix(".key").read_text()


@pytest.fixture
def old(tmp_path):
    return _pair(tmp_path, "127.0.0.2")


@pytest.fixture
def new(tmp_path):
    return _pair(tmp_path, "127.0.0.3")


def test_newest_certificate_with_a_key_is_chosen_during_a_rotation(old, new):
    assert choose_pair([new[0], old[0]], [old[1], new[1]]).key == new[1]
    # Its key is not here yet.
    assert choose_pair([new[0], old[0]], [old[1]]).chain == old[0]


def test_no_pair_is_said_without_repeating_a_secret(old, new):
    for chains, keys in (([old[0]], [new[1]]), ([old[0]], ["4711"]), (["4711"], [old[1]])):
        with pytest.raises(FinalError) as caught:
            choose_pair(chains, keys)
        assert caught.value.code == "client_certificate_invalid"
        assert "4711" not in str(caught.value)


def test_key_is_never_written_in_clear(old, monkeypatch):
    written = []
    original = tempfile.NamedTemporaryFile

    def spy(*args, **kwargs):
        file = original(*args, **kwargs)
        write = file.write
        file.write = lambda content: (written.append(content), write(content))[1]
        return file

    monkeypatch.setattr(client_certificate.tempfile, "NamedTemporaryFile", spy)
    client_context(choose_pair([old[0]], [old[1]]))
    [content] = written
    assert b"ENCRYPTED PRIVATE KEY" in content
    assert b"BEGIN PRIVATE KEY" not in content
