"""What CI runs at the same time is the whole, each thing once."""

import itertools

import pytest

from lib import stages


@pytest.mark.parametrize("parts", [1, 4])
def test_each_file_of_browser_tests_is_in_one_part(parts):
    files = sorted(stages.E2E_TESTS.glob("test_*.py"))
    shares = stages.shares(files, parts)
    assert sorted(itertools.chain.from_iterable(shares)) == files
    assert len(shares) == parts and all(shares)
