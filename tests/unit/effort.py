"""How much a property test tries: everything in CI, a tenth in daily work, where seconds count."""

import os

THOROUGH = "FINANCE_TEST_THOROUGH" in os.environ


def examples(number: int) -> int:
    """:return: for ``settings(max_examples=...)``, of the number that CI tries"""
    return number if THOROUGH else max(5, number // 10)
