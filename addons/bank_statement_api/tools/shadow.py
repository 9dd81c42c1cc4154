"""What a channel in shadow tells, beside what the live one booked: line by line, in one account.

Two lines are one booking exactly when the import would recognise the one in the other (:mod:`.identity`): so what is
*same* here cannot be booked a second time when the channel goes live.
"""

from __future__ import annotations

import datetime
import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from . import identity
from .documents import Transaction
from .references import end_to_end, normalise, tokens

SAME, DIFFERING, ONLY_LIVE, ONLY_SHADOW = "same", "differing", "only_live", "only_shadow"
STATES = (SAME, DIFFERING, ONLY_LIVE, ONLY_SHADOW)

_DAYS_APART = 5
"""A booking that one channel dates up to this many days off is shown as one that differs, not as two."""
_ENOUGH_TEXT = 6
_ENOUGH_WORDS = 2
_MOST_COMPARED = 50
# Fields in which two channels may tell the same money in other words.
_TOLD = ("value_date", "party", "account", "end_to_end_id", "text")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line as one of the channels tells it.

    :ivar id: the caller's own.
    :ivar entry: equal for the lines that one entry was split into.
    :ivar amount: signed, of this line.
    :ivar names: what the bank calls the booking: its reference, the payer's end-to-end id, an interface's id.
    """

    id: int
    entry: tuple
    day: datetime.date
    amount: Decimal
    value_date: datetime.date | None = None
    party: str = ""
    account: str = ""
    end_to_end_id: str = ""
    text: str = ""
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A line of the channel in shadow: what it says, and the keys it is stored with."""

    id: int
    account_key: str
    channel: str
    key: identity.LineKey
    transaction: Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the comparison; a side that has none is None.

    :ivar days: booking dates, live and shadow.
    :ivar amounts: signed sums, live and shadow; more than one line where an entry is split on one side only.
    :ivar lacking: fields that the live line has and the shadow does not tell.
    :ivar changed: fields that both tell, in other words.
    """

    state: str
    live: tuple[int, ...] = ()
    shadow: tuple[int, ...] = ()
    days: tuple[datetime.date | None, datetime.date | None]
    amounts: tuple[Decimal | None, Decimal | None]
    lacking: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def told_line(told: Told) -> Line:
    """Return what the comparison needs of a line of the shadow."""
    transaction = told.transaction
    party = transaction.counterparty
    return Line(
        id=told.id,
        entry=(told.key.fingerprint, told.key.version, told.key.occurrence),
        day=transaction.booking_date,
        amount=transaction.amount,
        value_date=transaction.value_date,
        party=party.name or "",
        account=party.iban or party.other_id or "",
        end_to_end_id=end_to_end(transaction),
        text=transaction.remittance_text,
        names=names(
            transaction.account_servicer_ref, end_to_end(transaction), transaction.provider_uid
        ),
    )


def names(*values: str | None) -> frozenset[str]:
    """Return names of a booking in the form in which two channels' are compared."""
    return frozenset(filter(None, map(normalise, values)))


def compare(
    shadow: Sequence[Told],
    live: Sequence[Line],
    known: Iterable[identity.KnownLine],
    *,
    strategy: int = identity.DEFAULT_STRATEGY,
) -> list[Row]:
    """Compare the lines of one account and period.

    :param live: every line that is booked, however it came.
    :param known: those of them that the import can recognise, ``id`` as in ``live``.
    :param strategy: version of the account's uid strategy.
    :return: rows by day; each line of either side is in exactly one of them.
    """
    live_lines = {line.id: line for line in live}
    shadow_lines = {told.id: told_line(told) for told in shadow}
    rows = []
    for live_ids, shadow_ids in _recognised(shadow, list(known), strategy):
        # The parts of a booking that are told by both are compared one by one, else the booking as a whole.
        pairs = [(live_ids, shadow_ids)]
        if len(live_ids) == len(shadow_ids):
            pairs = [
                ((mine,), (theirs,)) for mine, theirs in zip(live_ids, shadow_ids, strict=True)
            ]
        for mine, theirs in pairs:
            rows.append(_row([live_lines[i] for i in mine], [shadow_lines[i] for i in theirs]))
        for line_id in live_ids:
            del live_lines[line_id]
        for line_id in shadow_ids:
            del shadow_lines[line_id]
    for mine, theirs in _likely_pairs([*live_lines.values()], [*shadow_lines.values()]):
        rows.append(replace(_row([mine], [theirs]), state=DIFFERING))
        del live_lines[mine.id], shadow_lines[theirs.id]
    rows += [
        Row(state=ONLY_LIVE, live=(line.id,), days=(line.day, None), amounts=(line.amount, None))
        for line in live_lines.values()
    ]
    rows += [
        Row(
            state=ONLY_SHADOW, shadow=(line.id,), days=(None, line.day), amounts=(None, line.amount)
        )
        for line in shadow_lines.values()
    ]
    return sorted(
        rows, key=lambda row: (row.days[0] or row.days[1], not row.live, row.live, row.shadow)
    )


def _recognised(shadow, known, strategy):
    """Yield (ids of live lines, ids of shadow lines) of each booking that the import would recognise."""
    by_entry = defaultdict(list)
    for line in known:
        by_entry[_entry(line.key)].append(line)
    groups = defaultdict(list)
    for told in shadow:
        groups[told.account_key, told.channel].append(told)
    for (account, channel), lines in sorted(groups.items()):
        lines.sort(key=lambda told: (_entry(told.key), told.key.part))
        numbered, owners = [], []
        for number, (_entry_key, parts) in enumerate(
            itertools.groupby(lines, key=lambda told: _entry(told.key)), start=1
        ):
            for told in parts:
                position = replace(told.transaction.position, statement=1, entry=number)
                numbered.append(replace(told.transaction, position=position))
                owners.append(told)
        found = defaultdict(list)
        free = [line for lines_of in by_entry.values() for line in lines_of]
        recognitions = identity.recognise(
            account, numbered, free, channel=channel, strategy=strategy
        )
        for told, item in zip(owners, recognitions, strict=True):
            if item.known is not None:
                found[_entry(item.known.key)].append(told.id)
        for key, shadow_ids in found.items():
            parts = sorted(by_entry.pop(key), key=lambda line: line.key.part)
            yield tuple(line.id for line in parts), tuple(shadow_ids)


def _entry(key):
    return key.fingerprint, key.version, key.occurrence


def _row(live, shadow):
    mine, theirs = live[0], shadow[0]
    amounts = sum(line.amount for line in live), sum(line.amount for line in shadow)
    lacking, changed = [], []
    if len(live) == len(shadow):
        for name in _TOLD:
            ours, other = getattr(mine, name), getattr(theirs, name)
            if isinstance(ours, str):
                ours, other = normalise(ours), normalise(other)
            if ours and not other:
                lacking.append(name)
            elif ours and ours != other:
                changed.append(name)
    same = amounts[0] == amounts[1] and mine.day == theirs.day
    return Row(
        state=SAME if same else DIFFERING,
        live=tuple(line.id for line in live),
        shadow=tuple(line.id for line in shadow),
        days=(mine.day, theirs.day),
        amounts=amounts,
        lacking=tuple(lacking),
        changed=tuple(changed),
    )


def _likely_pairs(live, shadow):
    """Lines that no rule recognises and a person would take for one booking, the surest first; each once."""
    free = {line.id: line for line in live}
    open_shadow = {line.id: line for line in shadow}
    for keys, is_alike in (
        (lambda line: sorted(line.names), lambda mine, theirs: True),
        (_day_and_text, lambda mine, theirs: True),
        (lambda line: [line.amount], _is_near),
    ):
        index = defaultdict(list)
        for line in free.values():
            for key in keys(line):
                index[key].append(line)
        for theirs in list(open_shadow.values()):
            candidates = (
                mine
                for key in keys(theirs)
                for mine in index.get(key, ())[:_MOST_COMPARED]
                if mine.id in free and is_alike(mine, theirs)
            )
            if mine := next(candidates, None):
                del free[mine.id], open_shadow[theirs.id]
                yield mine, theirs


def _day_and_text(line):
    text = normalise(line.text)
    return [(line.day, text)] if len(text) >= _ENOUGH_TEXT else []


def _is_near(mine, theirs):
    if abs((mine.day - theirs.day).days) > _DAYS_APART:
        return False
    account = normalise(mine.account)
    shared = set(tokens(mine.text)) & set(tokens(theirs.text))
    return bool(account and account == normalise(theirs.account)) or len(shared) >= _ENOUGH_WORDS
