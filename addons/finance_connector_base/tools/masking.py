"""Hiding what must not be read on a screen or in a log: accounts, cards, names, secrets.

Every pattern is anchored or bounded so that the cost stays in proportion to the length of the text.
"""

import logging
import re
import traceback
from dataclasses import dataclass
from functools import lru_cache
from os.path import commonprefix

MASK = "***"

# Length of an IBAN by country, from the IBAN registry of ISO 13616.
IBAN_LENGTHS = {
    country: int(length)
    for country, length in re.findall(
        r"([A-Z]{2})([0-9]{2})",
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 "
        "DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 "
        "HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 "
        "MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 "
        "RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 "
        "VA22 VG24 XK20 YE30",
    )
}

_SECRET_KEYS = (
    "password", "passwd", "passphrase", "pwd", "secret", "token", "api_key", "api-key", "apikey",
    "access_key", "access-key", "private_key", "private-key", "privatekey", "authorization",
    "cookie", "credential", "signature", "client_assertion",
)  # fmt: skip

# ISO 20022, Berlin Group NextGenPSD2 and common vendors' names of a person's or company's name.
_NAME_KEYS = (
    "Nm", "name", "ownerName", "creditorName", "debtorName", "ultimateCreditor", "ultimateDebtor",
    "counterpartName", "counterparty_name", "partner_name", "holderName", "accountHolderName",
    "account_holder", "firstName", "lastName", "first_name", "last_name", "beneficiaryName",
)  # fmt: skip

_ACCOUNT_KEYS = (
    "iban",
    "bban",
    "pan",
    "maskedPan",
    "acc_number",
    "account_number",
    "accountNumber",
    "cardNumber",
)


@dataclass(frozen=True)
class MaskingPolicy:
    """What is hidden.

    :param int keep_last: characters of an account or card number left readable; secrets and names
        keep none.
    :param bool mask_names: also hide the values of fields in ``name_keys``.
    :param tuple secret_keys: a field whose name contains one of these (any case) is hidden whole.
    :param tuple name_keys: fields that hold a name, compared whole, any case.
    :param tuple account_keys: fields that hold an account or card number, whatever its form.
    :param tuple extra_patterns: regular expressions of further text to hide.
    """

    keep_last: int = 4
    mask_names: bool = True
    secret_keys: tuple[str, ...] = _SECRET_KEYS
    name_keys: tuple[str, ...] = _NAME_KEYS
    account_keys: tuple[str, ...] = _ACCOUNT_KEYS
    extra_patterns: tuple[str, ...] = ()


DEFAULT_POLICY = MaskingPolicy()

_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^-]*(?:-----END [A-Z ]{0,40}-----)?"
)
_AUTH_SCHEME = re.compile(r"\b(Bearer|Basic|Digest)[ \t]+[A-Za-z0-9+/=._~-]{6,}", re.IGNORECASE)
_JWT = re.compile(r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?")
# Stripe, Mollie, Adyen, GitHub, Standard Webhooks: keys that name their kind in front.
_PREFIXED_KEY = re.compile(
    r"(?<![A-Za-z0-9])(?:[sr]k_(?:live|test)_|whsec_|(?:live|test|access)_(?=[A-Za-z0-9]{16})|gh[pousr]_|AKIA)"
    r"[A-Za-z0-9+/=_-]{8,}"
)
_URL_PASSWORD = re.compile(r"(://[^\s:/@]{1,64}):[^\s/@]{1,256}@")
_EMAIL = re.compile(r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@(?=[A-Za-z0-9-]{1,63}\.[A-Za-z])")
_IBAN_START = re.compile(r"(?=([A-Za-z]{2})[0-9]{2})")
# What stands between the groups of an IBAN: blanks of all widths, as typed, or as encoded in a URL.
_IBAN_TAIL = re.compile(
    r"[A-Za-z]{2}[0-9]{2}(?:(?:%20|[ \t\u00a0\u2009\u202f+._-]){0,2}[A-Za-z0-9]){11,30}"
)
# A mistyped IBAN still shows an account: one run, or groups of four, standing alone.
_IBAN_LOOKALIKE = re.compile(
    r"(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}"
    r"(?:[A-Za-z0-9]{11,30}|(?: [A-Za-z0-9]{4}){2,7}(?: [A-Za-z0-9]{1,3})?)(?![A-Za-z0-9])"
)
_LOOKALIKE_DIGITS = 8
_SEPARATORS = re.compile(r"%20|[^A-Za-z0-9]")
_DIGIT_RUN = re.compile(r"[0-9](?:[ -]?[0-9]){12,}")


@dataclass(frozen=True)
class _Rules:
    secret_pair: re.Pattern
    secret_key: re.Pattern
    secret_element: re.Pattern
    name_pair: re.Pattern
    name_element: re.Pattern
    names: frozenset[str]
    accounts: frozenset[str]
    extra: tuple[re.Pattern, ...]


@lru_cache(maxsize=32)
def _rules(policy):
    secrets = "|".join(map(re.escape, policy.secret_keys)) or r"(?!)"
    names = "|".join(map(re.escape, policy.name_keys)) or r"(?!)"
    quoted = r""""(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?"""
    return _Rules(
        secret_pair=re.compile(
            rf"""((?:{secrets})[\w-]{{0,40}}\\?["']?[ \t]{{0,4}}(?:=>|[:=])[ \t]{{0,4}}\\?)"""
            rf"""(?:((?:bearer|basic|digest)[ \t]+)?({quoted}|[^\s,;&<>"']+))""",
            re.IGNORECASE,
        ),
        secret_key=re.compile(secrets, re.IGNORECASE),
        secret_element=re.compile(
            rf"(<(?:[\w-]{{1,30}}:)?[\w-]{{0,30}}(?:{secrets})[\w-]{{0,40}}(?:\s[^<>]{{0,300}})?>)[^<]+",
            re.IGNORECASE,
        ),
        name_pair=re.compile(
            rf"""(["'](?:{names})\\?["'][ \t]{{0,4}}:[ \t]{{0,4}}\\?)(?:{quoted})""", re.IGNORECASE
        ),
        name_element=re.compile(
            rf"(<(?:[\w-]{{1,30}}:)?(?:{names})(?:\s[^<>]{{0,300}})?>)[^<]+", re.IGNORECASE
        ),
        names=frozenset(key.lower() for key in policy.name_keys),
        accounts=frozenset(key.lower() for key in policy.account_keys),
        extra=tuple(re.compile(pattern) for pattern in policy.extra_patterns),
    )


def mask_text(text, policy=DEFAULT_POLICY):
    """Return ``text`` with everything the policy hides replaced.

    :param str text: any text, also XML, JSON, a log line or a traceback.
    :param MaskingPolicy policy: what is hidden.
    :return: the masked text; masking it again changes nothing that matters.
    :rtype: str
    """
    rules = _rules(policy)
    text = _PRIVATE_KEY.sub(MASK, text)
    text = rules.secret_element.sub(rf"\1{MASK}", text)
    text = rules.secret_pair.sub(_hide_pair_value, text)
    text = _AUTH_SCHEME.sub(rf"\1 {MASK}", text)
    text = _JWT.sub(MASK, text)
    text = _PREFIXED_KEY.sub(MASK, text)
    if policy.mask_names:
        text = rules.name_element.sub(rf"\1{MASK}", text)
        text = rules.name_pair.sub(rf'\1"{MASK}"', text)
    text = _URL_PASSWORD.sub(rf"\1:{MASK}@", text)
    text = _EMAIL.sub(f"{MASK}@", text)
    for pattern in rules.extra:
        text = pattern.sub(MASK, text)
    text = _mask_spans(text, _iban_spans(text), policy)
    return _mask_spans(text, _card_spans(text), policy)


def _hide_pair_value(match):
    value = match[3]
    quote = value[0] if value[0] in "\"'" else ""
    return f"{match[1]}{quote}{MASK}{quote}"


def _keep_tail(value, policy):
    compact = _SEPARATORS.sub("", value)
    tail = compact[-policy.keep_last :] if 0 < policy.keep_last < len(compact) else ""
    return f"****{tail}"


def _mask_spans(text, spans, policy):
    pieces, done = [], 0
    for start, end in spans:
        pieces += [text[done:start], _keep_tail(text[start:end], policy)]
        done = end
    pieces.append(text[done:])
    return "".join(pieces)


def _iban_spans(text):
    """Yield the places that are an IBAN by checksum, or look like one that was mistyped."""
    done = 0
    for start_match in _IBAN_START.finditer(text):
        start = start_match.start()
        length = IBAN_LENGTHS.get(start_match[1].upper())
        if start < done or length is None:
            continue
        end = _valid_iban_end(text, start, length) or _lookalike_end(text, start)
        if end:
            done = end
            yield start, end


def _valid_iban_end(text, start, length):
    candidate = _IBAN_TAIL.match(text, start)
    size = candidate and _length_of_compact(candidate[0], length)
    if size and _iban_checks(_SEPARATORS.sub("", candidate[0][:size])):
        return start + size
    return None


def _lookalike_end(text, start):
    candidate = _IBAN_LOOKALIKE.match(text, start)
    if candidate and sum(map(str.isdigit, candidate[0])) >= _LOOKALIKE_DIGITS:
        return candidate.end()
    return None


def _length_of_compact(raw, wanted):
    """Return how much of ``raw`` holds ``wanted`` letters and digits, or None when it has fewer."""
    seen = position = 0
    while position < len(raw):
        if raw.startswith("%20", position):
            position += 3
            continue
        seen += raw[position].isalnum()
        position += 1
        if seen == wanted:
            return position
    return None


def _iban_checks(compact):
    rearranged = compact[4:] + compact[:4]
    return int("".join(str(int(char, 36)) for char in rearranged)) % 97 == 1


def _card_spans(text):
    done = 0
    for run in _DIGIT_RUN.finditer(text):
        positions = [run.start() + offset for offset, char in enumerate(run[0]) if char.isdigit()]
        for first, start in enumerate(positions):
            if start < done or (first and positions[first - 1] == start - 1):
                continue
            end = _card_end(text, positions, first)
            if end is not None:
                done = end
                yield start, end


def _card_end(text, positions, first):
    """Return where the longest card number that starts at ``positions[first]`` ends, or None."""
    if text[positions[first]] not in "23456":
        return None
    for length in range(19, 12, -1):
        last = first + length - 1
        if last >= len(positions):
            continue
        if last + 1 < len(positions) and positions[last + 1] == positions[last] + 1:
            continue
        if _luhn_checks([int(text[position]) for position in positions[first : last + 1]]):
            return positions[last] + 1
    return None


def _luhn_checks(digits):
    total = sum(digits[-1::-2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return total % 10 == 0


def mask_mapping(obj, policy=DEFAULT_POLICY):
    """Return a copy of plain values (as of JSON) with everything the policy hides replaced.

    :param obj: dicts, lists, tuples, text, bytes, numbers.
    :param MaskingPolicy policy: what is hidden.
    """
    if isinstance(obj, dict):
        return {key: _mask_field(str(key), value, policy) for key, value in obj.items()}
    if isinstance(obj, list | tuple | set | frozenset):
        return [mask_mapping(value, policy) for value in obj]
    if isinstance(obj, bytes):
        return mask_text(obj.decode(errors="replace"), policy)
    if isinstance(obj, str):
        return mask_text(obj, policy)
    if isinstance(obj, int) and not isinstance(obj, bool):
        masked = mask_text(str(obj), policy)
        return obj if masked == str(obj) else masked
    return obj


def _mask_field(key, value, policy):
    rules = _rules(policy)
    if value is None or isinstance(value, bool):
        return value
    if rules.secret_key.search(key):
        return MASK
    if isinstance(value, str | int | bytes):
        if policy.mask_names and key.lower() in rules.names:
            return MASK
        if key.lower() in rules.accounts:
            return _keep_tail(
                value.decode(errors="replace") if isinstance(value, bytes) else str(value), policy
            )
    return mask_mapping(value, policy)


_TEXT_TYPES = re.compile(
    r"text/|application/(?:[\w.+-]*\+)?(?:json|xml|csv|x-www-form-urlencoded)|^$"
)
_CHARSET = re.compile(r"charset=[\"']?([\w-]+)", re.IGNORECASE)
# No value is longer than this.
_LONGEST_VALUE = 4096


def mask_bytes_preview(data, content_type, limit=2000, policy=DEFAULT_POLICY):
    """Return the beginning of a payload for a person's eyes.

    :param bytes data: the clear payload.
    :param str content_type: MIME type, with a charset or not; empty means text.
    :param int limit: most characters shown.
    :param MaskingPolicy policy: what is hidden.
    :rtype: str
    """
    mime = (content_type or "").split(";")[0].strip().lower()
    if not _TEXT_TYPES.match(mime):
        return f"[{mime}, {len(data)} bytes, not shown]"
    window = 4 * limit + _LONGEST_VALUE
    text = _decode(data[: window + _LONGEST_VALUE], content_type or "")
    masked = mask_text(text, policy)
    if len(text) > window:
        # A value that the window cuts in two is not recognised; with more text after it, it is. So
        # only what both readings agree on is known to be masked.
        masked = commonprefix([masked, mask_text(text[:window], policy)])  # noqa: RUF071, of texts
    if len(masked) > limit or len(text) > window:
        return f"{masked[:limit]}… [{len(data)} bytes in all]"
    return masked


def _decode(data, content_type):
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    charset = _CHARSET.search(content_type)
    try:
        text = data.decode(charset[1] if charset else "utf-8", errors="replace")
    except LookupError:
        text = data.decode("utf-8", errors="replace")
    return text.removeprefix("\ufeff")


class MaskingFilter(logging.Filter):
    """Masks the message, its arguments, the traceback and the stack of every record that passes.

    Attach it to handlers: a filter on a logger does not see the records of the loggers below it.
    """

    def __init__(self, policy=DEFAULT_POLICY):
        super().__init__()
        self.policy = policy

    def filter(self, record):
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):
            # A log call whose arguments do not fit its format must not lose the line.
            message = f"{record.msg} {record.args!r}"
        record.msg = mask_text(message, self.policy)
        record.args = ()
        if record.exc_info and record.exc_info[0]:
            record.exc_text = (
                record.exc_text or "".join(traceback.format_exception(*record.exc_info)).rstrip()
            )
        record.exc_info = None
        for attribute in ("exc_text", "stack_info"):
            value = getattr(record, attribute, None)
            if value:
                setattr(record, attribute, mask_text(value, self.policy))
        return True
