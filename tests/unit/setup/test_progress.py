"""What stops a command is told in one sentence."""

import errno
import sys

import pytest

from lib import progress
from lib.paths import SetupError


@pytest.fixture(autouse=True)
def _own_logs(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "LOGS", tmp_path)


def _fail(printed):
    program = f"import sys; print({printed!r}); sys.exit(1)"
    progress.run([sys.executable, "-c", program], log_name="x", failure="Check the network.")


def test_failed_program_is_told_in_one_sentence_with_its_log(tmp_path):
    with pytest.raises(SetupError) as failure:
        _fail("a long story")
    assert str(failure.value) == f"Check the network. (details: {tmp_path / 'x.log'})"


def test_full_disk_in_a_program_is_not_called_a_network_failure():
    with pytest.raises(SetupError, match="is full: free some space") as failure:
        _fail("tar: write error: No space left on device")
    assert "network" not in str(failure.value)


def test_missing_program_is_named():
    with pytest.raises(SetupError, match="The program no-such-program is missing"):
        progress.run(["no-such-program"], log_name="x", failure="")


def test_full_disk_ends_the_command_with_one_sentence():
    with pytest.raises(SystemExit, match="The disk holding /data is full"), progress.explained():
        raise OSError(errno.ENOSPC, "No space left on device", "/data")
