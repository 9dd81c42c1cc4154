"""When two records are one booking: across files, re-sendings and channels.

A booking is recognised by three means, the strongest first; each stored with its version, so that a
better rule later never makes an old line look new.

*Provider uid*: what the bank calls the booking, with its date and amount since banks reuse
references for a payment and its fee. A reference that names several entries of one window is no
identity and is left out.

*Fingerprint and occurrence number*: a digest of what is equal in every channel: account, booking
date, signed amount, currency, and one text, the end-to-end id or else the remittance as letters and
digits. Names, IBANs, value dates and codes are left out because channels differ in them. Equal
fingerprints within one window are numbered, so that two equal coffees stay two lines.

*Compatible*: another channel reports the same day, amount and currency, and nothing in it
contradicts. It pairs what two channels word differently.

A *window* is one statement or one complete fetch over an interface. Numbers count inside a window, so
equal bookings without a bank reference must not be spread over two windows of one day: the second
would be taken for the first sent again, and the balance proof reports the difference. An interface
window therefore always asks for whole days.

A batch booked in one amount is one entry however it is split: its lines share the entry's
fingerprint and differ by ``part``. The whole entry and the first part have the same key, so the
database itself refuses to book both.
"""

from __future__ import annotations

import datetime
import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType

from odoo.addons.finance_connector_base.tools.digest import sha256_hex

from . import letters
from .accounts import is_iban
from .documents import AccountRef, Transaction
from .references import end_to_end, normalise, tokens

# Banks make up the ids of these files anew at each download, some of them: they count while one of them lasts.
UNSURE_ID_CHANNELS = frozenset({"ofx"})
# Interfaces answer with complete days: a stored booking they no longer show was renamed, not left out.
WHOLE_DAY_CHANNELS = frozenset({"gocardless", "nextgenpsd2"})
# An id names one record for good: the same id with other figures is the same booking, changed.
STABLE_ID_CHANNELS = frozenset({"plaid", "ponto"})
# Changes are reported: what is not mentioned is as it was.
DELTA_CHANNELS = frozenset({"plaid"})

# Interfaces cut remittance texts at 140 characters and up; this many letters and digits survive.
_TEXT_LENGTH = 60
_MOST_COMPARED = 50


@dataclass(frozen=True, slots=True)
class Strategy:
    """Which fields name a booking, tried in order.

    :ivar fields: (kind, attribute of the transaction); references of different kinds never compare.
    :ivar dated: whether date and amount belong to the identity.
    """

    version: int
    name: str
    fields: tuple[tuple[str, str], ...]
    dated: bool = True


STRATEGIES: Mapping[int, Strategy] = MappingProxyType(
    {
        strategy.version: strategy
        for strategy in (
            Strategy(0, "content only, for banks whose references do not last", ()),
            Strategy(
                1,
                "the bank's booking reference, else the interface's transaction id",
                (("asr", "account_servicer_ref"), ("pid", "provider_uid")),
            ),
            Strategy(
                2,
                "the interface's transaction id alone, for providers that never reuse one",
                (("pid", "provider_uid"),),
                dated=False,
            ),
        )
    }
)
DEFAULT_STRATEGY = 1


@dataclass(frozen=True, slots=True)
class LineKey:
    """What is stored with a line to recognise it: unique in an account, once for each means.

    :ivar version: of the fingerprint.
    :ivar occurrence: 1-based number among equal fingerprints.
    :ivar part: 0 for a whole entry and the first line of a split one, then 1, 2 and so on.
    """

    fingerprint: str
    version: int
    occurrence: int
    part: int
    provider_uid: str | None
    strategy: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownLine:
    """A line booked before, with what is needed to recognise it.

    :ivar id: the caller's own; handed back.
    :ivar channel: ``source_format`` of the statement it came with.
    :ivar amount: signed booked amount of the whole entry.
    :ivar remittance: its text, for choosing between several.
    :ivar parts: lines its entry was split into.
    :ivar earlier: it stands in a statement that the window's continues, so that only a name proves it the same.
    """

    id: int | None
    key: LineKey
    channel: str
    booking_date: datetime.date
    amount: Decimal
    currency: str
    end_to_end_id: str | None = None
    counterparty_iban: str | None = None
    remittance: str = ""
    parts: int = 1
    earlier: bool = False


@dataclass(frozen=True, slots=True)
class Recognition:
    """What a transaction is: ``known``, or new and to be stored with ``key``.

    :ivar reason: ``new``, ``provider_uid``, ``fingerprint``, ``compatible``, or ``renamed``: equal in content to a
        single booking of another name, so that it may be either.
    """

    transaction: Transaction
    key: LineKey
    known: KnownLine | None
    reason: str


def account_key(account: AccountRef, *, currency: str | None = None) -> str:
    """Return the identity of an account: its number and currency, since one IBAN may hold several.

    :param currency: of the account, for when ``account`` does not say it.
    :raise ValueError: number or currency is not known.
    """
    identifier = "".join((account.identifier or "").split()).upper()
    currency = account.currency or currency
    if not identifier or not currency:
        raise ValueError("An account is identified by its number and its currency.")
    return f"{identifier}|{currency}"


def provider_uid(transaction: Transaction, strategy: int = DEFAULT_STRATEGY) -> str | None:
    """Return the name the bank gives the entry, or None when it gives none.

    :param strategy: version, a key of :data:`STRATEGIES`.
    """
    rule = STRATEGIES[strategy]
    for kind, attribute in rule.fields:
        reference = "".join((getattr(transaction, attribute) or "").split())
        if reference:
            parts = [f"{kind}:{reference}"]
            if rule.dated:
                parts += [str(transaction.booking_date), _plain(_entry_amount(transaction))]
            return "|".join(parts)
    return None


def _fingerprint_v1(account: str, transaction: Transaction) -> str:
    text = ""
    if not _is_batch(transaction):
        remittance = normalise(" ".join(transaction.remittance))
        references = (normalise(reference.value) for reference in transaction.structured)
        remittance += "".join(value for value in references if value not in remittance)
        text = (
            end_to_end(transaction)
            or remittance[:_TEXT_LENGTH]
            or normalise(transaction.additional_info)[:_TEXT_LENGTH]
        )
    values = (
        "1",
        account,
        str(transaction.booking_date),
        _plain(_entry_amount(transaction)),
        transaction.currency,
        text,
    )
    return sha256_hex("\n".join(values).encode())


FINGERPRINTS: Mapping[int, Callable[[str, Transaction], str]] = MappingProxyType(
    {1: _fingerprint_v1}
)
FINGERPRINT_VERSION = 1


def fingerprint(account: str, transaction: Transaction, version: int = FINGERPRINT_VERSION) -> str:
    """Return the digest of what every channel says alike of the transaction's entry.

    :param account: from :func:`account_key`.
    :return: SHA-256 in hexadecimal.
    """
    return FINGERPRINTS[version](account, transaction)


def number_occurrences(
    account: str, transactions: Sequence[Transaction], *, strategy: int = DEFAULT_STRATEGY
) -> list[LineKey]:
    """Return the keys of the booked transactions of one window, as if nothing was stored before.

    The keys do not depend on the order of the window beyond which of two equal lines is the first.
    """
    return [
        item.key for item in recognise(account, transactions, (), channel="", strategy=strategy)
    ]


def recognise(
    account: str,
    transactions: Sequence[Transaction],
    known: Iterable[KnownLine],
    *,
    channel: str,
    strategy: int = DEFAULT_STRATEGY,
) -> list[Recognition]:
    """Tell the transactions of one window that are new from those booked before.

    A known entry is the answer for one entry only, so a third equal coffee is new beside two.

    :param account: from :func:`account_key`.
    :param transactions: booked ones of one window, the lines of a batch together.
    :param known: lines stored for the account with a booking date among those of the window.
    :param channel: ``source_format`` of the window.
    :param strategy: version of the uid strategy for new lines; older ones stay comparable.
    :return: one recognition for each transaction, in their order.
    """
    entries = [
        _Entry(list(lines), account, strategy)
        for _position, lines in itertools.groupby(
            transactions, key=lambda line: (line.position.statement, line.position.entry)
        )
    ]
    stored = _stored_entries(known)
    _match_by_uid(entries, stored)
    _match_by_fingerprint(entries, stored, channel, _names_last(entries, channel))
    _match_reread(entries, stored, channel)
    _match_compatible(entries, stored, channel)
    taken = {(item.key.version, item.key.fingerprint, item.key.occurrence) for item in stored}
    named = Counter(entry.uid for entry in entries)
    for entry in entries:
        if entry.stored is None:
            entry.number(taken)
    return [recognition for entry in entries for recognition in entry.recognitions(named, strategy)]


def as_another(item: Recognition, taken: set[tuple]) -> Recognition:
    """Return the recognition of a booking that a person tells from the one it was taken for.

    :param taken: (fingerprint, version, occurrence, part) of lines stored or about to be; the new one is added.
    """
    key = item.key
    place = next(
        place
        for number in itertools.count(1)
        if (place := (key.fingerprint, key.version, number, key.part)) not in taken
    )
    taken.add(place)
    return Recognition(
        item.transaction, replace(key, occurrence=place[2], provider_uid=None), None, "new"
    )


class _Stored:
    """An entry booked before: its line, or the lines it was split into."""

    def __init__(self, lines: list[KnownLine]):
        self.lines = lines
        self.first = lines[0]
        self.key = lines[0].key
        self.is_split = len(lines) > 1 or self.first.parts > 1 or self.key.part > 0
        self.bucket = (self.first.booking_date, self.first.amount, self.first.currency)
        self.free = True


class _Entry:
    """An entry of the window under recognition."""

    __slots__ = ("_digest", "account", "first", "lines", "occurrence", "reason", "stored", "uid")

    def __init__(self, lines: list[Transaction], account: str, strategy: int):
        self.lines = lines
        self.first = lines[0]
        self.account = account
        self.uid = provider_uid(self.first, strategy)
        self.stored: _Stored | None = None
        self.reason = "new"
        self.occurrence = 0
        self._digest: str | None = None

    @property
    def bucket(self):
        first = self.first
        return (first.booking_date, _entry_amount(first), first.currency)

    def fingerprint(self, version: int = FINGERPRINT_VERSION) -> str:
        if version != FINGERPRINT_VERSION:
            return fingerprint(self.account, self.first, version)
        if self._digest is None:
            self._digest = fingerprint(self.account, self.first)
        return self._digest

    def misread(self) -> Iterable[Transaction]:
        """Yield the first line as it is where its letters are read in the wrong encoding."""
        texts = (*self.first.remittance, self.first.additional_info or "")
        for *told, info in letters.misread(texts):
            yield replace(self.first, remittance=(*told,), additional_info=info)

    def match(self, stored: _Stored, reason: str):
        self.stored, self.reason = stored, reason
        stored.free = False

    def number(self, taken: set):
        numbers = itertools.count(1)
        digest = self.fingerprint()
        self.occurrence = next(
            number for number in numbers if (FINGERPRINT_VERSION, digest, number) not in taken
        )
        taken.add((FINGERPRINT_VERSION, digest, self.occurrence))

    def recognitions(self, named: Counter, strategy: int) -> Iterable[Recognition]:
        for line in self.lines:
            part = max(line.position.detail - 1, 0)
            if self.stored is None:
                uid = self.uid if named[self.uid] == 1 else None
                key = LineKey(
                    self.fingerprint(), FINGERPRINT_VERSION, self.occurrence, part, uid, strategy
                )
                yield Recognition(line, key, None, self.reason)
                continue
            by_part = {item.key.part: item for item in self.stored.lines}
            first = self.stored.key
            key = LineKey(
                first.fingerprint,
                first.version,
                first.occurrence,
                part,
                first.provider_uid,
                first.strategy,
            )
            # A part that was not booked with the others of its entry is still to be booked.
            missing = self.stored.is_split and len(self.lines) > 1 and part not in by_part
            if missing:
                yield Recognition(line, key, None, "new")
            else:
                yield Recognition(line, key, by_part.get(part, self.stored.first), self.reason)


def _stored_entries(known: Iterable[KnownLine]) -> list[_Stored]:
    groups = defaultdict(list)
    for line in known:
        groups[line.key.version, line.key.fingerprint, line.key.occurrence].append(line)
    return [_Stored(sorted(lines, key=lambda line: line.key.part)) for lines in groups.values()]


def _match_by_uid(entries: list[_Entry], stored: list[_Stored]):
    for strategy in sorted({item.key.strategy for item in stored if item.key.provider_uid}):
        by_uid = {
            item.key.provider_uid: item
            for item in stored
            if item.free and item.key.strategy == strategy and item.key.provider_uid
        }
        candidates = defaultdict(list)
        for entry in entries:
            uid = provider_uid(entry.first, strategy)
            if entry.stored is None and uid in by_uid:
                candidates[uid].append(entry)
        for uid, rivals in candidates.items():
            item = by_uid[uid]
            # Where a reference names several entries, the text decides which one is stored.
            equal = [
                entry
                for entry in rivals
                if entry.fingerprint(item.key.version) == item.key.fingerprint
            ]
            (equal or rivals)[0].match(item, "provider_uid")


def _names_last(entries: list[_Entry], channel: str) -> bool:
    """Say whether a name that the channel gave before stands for the same booking now."""
    return channel not in UNSURE_ID_CHANNELS or any(
        entry.stored is not None and entry.stored.first.channel == channel for entry in entries
    )


def _match_by_fingerprint(
    entries: list[_Entry], stored: list[_Stored], channel: str, names_last: bool
):
    renamed = []
    for version in sorted({item.key.version for item in stored if item.free}):
        by_digest = defaultdict(list)
        for item in sorted(stored, key=lambda item: (item.first.earlier, item.key.occurrence)):
            if item.free and item.key.version == version:
                by_digest[item.key.fingerprint].append(item)
        for entry in entries:
            if entry.stored is not None:
                continue
            for item in by_digest.get(entry.fingerprint(version), ()):
                other_name = item.free and _other_name(entry, item, channel)
                if item.free and not (names_last and other_name):
                    entry.match(item, "fingerprint")
                    if other_name:
                        renamed.append(entry)
                    break
    if len(renamed) == 1:
        # A file downloaded again renames all it holds; one booking may as well be a second one.
        renamed[0].reason = "renamed"


def _match_reread(entries: list[_Entry], stored: list[_Stored], channel: str):
    """Find what was booked when the same letters were read in the wrong encoding."""
    buckets = defaultdict(list)
    for item in stored:
        if item.free and item.first.channel == channel:
            buckets[item.bucket].append(item)
    for entry in entries:
        candidates = buckets.get(entry.bucket, ()) if entry.stored is None else ()
        for line, item in itertools.product(entry.misread() if candidates else (), candidates):
            same = item.key.fingerprint == fingerprint(entry.account, line, item.key.version)
            if same and item.free and not _other_name(entry, item, channel):
                entry.match(item, "fingerprint")
                break


def _other_name(entry: _Entry, item: _Stored, channel: str) -> bool:
    """Say whether one channel names the two differently, so that they are two bookings."""
    if item.first.channel != channel or channel in WHOLE_DAY_CHANNELS:
        return False
    uid = provider_uid(entry.first, item.key.strategy)
    stored_uid = item.key.provider_uid
    if not uid or not stored_uid:
        return False
    return uid != stored_uid and uid.partition(":")[0] == stored_uid.partition(":")[0]


def _match_compatible(entries: list[_Entry], stored: list[_Stored], channel: str):
    buckets = defaultdict(dict)
    for item in stored:
        if item.free and item.first.channel != channel:
            buckets[item.bucket][id(item)] = item
    for entry in entries:
        candidates = buckets.get(entry.bucket)
        if entry.stored is not None or not candidates:
            continue
        words = set(tokens(entry.first.remittance_text))
        ranked = [
            (len(words.intersection(tokens(item.first.remittance))), item)
            for item in itertools.islice(candidates.values(), _MOST_COMPARED)
            if not _contradicts(entry, item)
        ]
        if ranked:
            _shared, best = max(ranked, key=lambda pair: pair[0])
            entry.match(best, "compatible")
            del candidates[id(best)]


def _contradicts(entry: _Entry, item: _Stored) -> bool:
    if _is_batch(entry.first) or item.is_split:
        return False
    mine, theirs = end_to_end(entry.first), end_to_end(item.first)
    if mine and theirs and mine != theirs:
        return True
    mine = normalise(entry.first.counterparty.iban)
    theirs = normalise(item.first.counterparty_iban)
    # A national number may well be inside the IBAN that another format shows.
    return is_iban(mine) and is_iban(theirs) and mine != theirs


def _is_batch(transaction: Transaction) -> bool:
    """Say whether the entry holds several payments: their texts are not the entry's."""
    return bool(transaction.position.detail or len(transaction.details) > 1)


def _entry_amount(transaction: Transaction) -> Decimal:
    return transaction.batch.entry_amount if transaction.batch else transaction.amount


def _plain(amount: Decimal) -> str:
    """Return an amount in one form, whatever zeros its source wrote."""
    return format(amount.normalize(), "f") if amount else "0"
