"""Type codes of BAI2: what a record of a code says, and which way its money went.

After "Cash Management Balance Reporting Specifications Version 2" (BAI, now ASC X9), appendix A:
001 to 099 are balances, 100 to 399 credits, 400 to 699 debits, 700 to 799 loans; 900 to 919, 920 to
959 and 960 to 999 are a bank's own balances, credits and debits; 890 is a message without money.
"""

from __future__ import annotations

BALANCE = "balance"
SUMMARY = "summary"
DETAIL = "detail"
MESSAGE = "message"

# Balances that ISO 20022 has a code for.
ISO_BALANCES = {
    "010": "OPBD",
    "015": "CLBD",
    "030": "ITBD",
    "040": "OPAV",
    "045": "CLAV",
    "060": "ITAV",
}
TOTAL_CREDITS, TOTAL_DEBITS = "100", "400"

_SUMMARY_CODES = (
    "100 101 102 105 106 107 109 110 120 130 131 140 146 150 159 160 162 163 167 168 169 170 178 "
    "180 182 185 186 188 190 200 205 207 210 215 230 231 239 245 250 251 256 260 270 271 280 285 "
    "294 302 303 304 305 307 309 310 315 316 318 319 320 321 324 325 326 327 328 329 330 332 336 "
    "338 340 341 343 350 352 355 356 361 370 385 389 390 400 401 402 403 406 410 412 416 420 430 "
    "446 450 459 463 465 467 470 471 478 480 482 486 490 500 505 507 510 515 530 532 534 536 537 "
    "539 550 551 556 560 570 580 583 584 585 586 587 588 590 594 596 601 602 610 611 612 613 614 "
    "617 618 621 623 625 626 628 630 632 640 646 650 655 665 670 685 689 690 720 760"
)
_SUMMARIES = frozenset(_SUMMARY_CODES.split())
_LOAN_BALANCES = frozenset(("701", "703", "705", "707", "709"))
_LOAN_CREDITS = frozenset(
    ("706", "708", "720", "721", "722", "723", "724", "725", "726", "727", "728")
)


def level(code: str) -> str | None:
    """Return what a record of the code holds, None for a code the specification leaves open."""
    number = int(code)
    if number == 890:
        return MESSAGE
    if number < 100 or 900 <= number < 920 or code in _LOAN_BALANCES:
        return BALANCE
    if code in _SUMMARIES:
        return SUMMARY
    if number < 700 or number >= 920 or code in _LOAN_CREDITS:
        return DETAIL
    return None


def is_credit(code: str) -> bool | None:
    """Return whether money came in; None for a balance, a message or a code left open."""
    number = int(code)
    if 100 <= number < 400 or 920 <= number < 960 or code in _LOAN_CREDITS:
        return True
    if 400 <= number < 700 or 960 <= number < 1000 or code == "760":
        return False
    return None
