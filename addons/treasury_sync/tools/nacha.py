"""US ACH files (Nacha Operating Rules, appendix three, ACH record format specifications): PPD and CCD entries.

Records of 94 characters, blocked by ten; a batch for each payment group, entries with one addenda record where there is
something to say. Choices of the profile under ``sender``: ``company_id`` (ten characters, as agreed with the bank),
``origin`` (if the file's origin is another number), ``destination_routing`` (if it is not that of our account),
``destination_name``, ``entry_description``.
"""

from dataclasses import dataclass

from stdnum.us import rtn

from .documents import DIRECT_DEBIT
from .flat_payment import FlatCheck, FlatWriter, offer

_LENGTH = 94
_BLOCK = 10
_ENDING = "\n"
_CREDITS, _DEBITS = "220", "225"
# Kind of account -> credit, debit (transaction codes).
_CODES = {"SVGS": ("32", "37")}
_CHECKING = ("22", "27")
_CREDIT_CODES = {"22", "32"}
_COMPANY = "Correct the bank account of the journal."


@dataclass
class _Sums:
    """What control records sum up."""

    count: int = 0
    hash: int = 0
    debit: int = 0
    credit: int = 0

    def entry(self, routing, code, cents, addenda):
        self.count += 1 + addenda
        self.hash += int(routing)
        if code in _CREDIT_CODES:
            self.credit += cents
        else:
            self.debit += cents

    def add(self, other):
        self.count += other.count
        self.hash += other.hash
        self.debit += other.debit
        self.credit += other.credit

    def fields(self, count_length):
        """Entry and addenda count, entry hash, debits, credits."""
        return (
            f"{self.count:0{count_length}}{self.hash % 10**10:010}{self.debit:012}{self.credit:012}"
        )


class _Writer(FlatWriter):
    def __init__(self, rules):
        super().__init__(rules)
        self._ids = set()

    def write(self, order):
        self.kind(order)
        own = order.groups[0].account.agent.clearing_number or ""
        company = self.sender("company_id", r"[A-Z0-9 ]{10}", "ten characters")
        origin = self.sender("origin", r"[A-Z0-9 ]{9,10}", "nine or ten characters", company)
        routing = self.sender("destination_routing", r"\d{9}", "nine digits", own)
        if routing and not rtn.is_valid(routing):
            self.add("sender/destination_routing", routing, "Its check digit is wrong.", _COMPANY)
        bank = self.rules.sender.get("destination_name", "")
        lines = [
            (
                f"101{routing:>10}{origin:>10}{order.created_at:%y%m%d%H%M}A094101"
                f"{self.text('sender/destination_name', bank, 23)}"
                f"{self.name('initiator', order.initiator.name, 23)}{'':8}"
            )
        ]
        whole, sequence = _Sums(), 0
        for number, group in enumerate(order.groups, start=1):
            batch, sums = self._batch(group, number, company, f"{routing[:8]:8}", sequence)
            lines += batch
            whole.add(sums)
            sequence += len(group.instructions)
        blocks = -(-(len(lines) + 1) // _BLOCK)
        lines.append(f"9{len(order.groups):06}{blocks:06}{whole.fields(8)}{'':39}")
        lines += ["9" * _LENGTH] * (blocks * _BLOCK - len(lines))
        return self.finish(lines, _ENDING)

    def _batch(self, group, number, company, bank, sequence):
        """
        :param int sequence: of the last entry before this batch
        :return: the records of a batch, and what they sum up to
        """
        self.subject = ""
        kind = _DEBITS if self.rules.kind == DIRECT_DEBIT else _CREDITS
        entry_class = group.local_instrument or self.rules.local_instruments[0]
        if entry_class not in self.rules.local_instruments:
            known = ", ".join(self.rules.local_instruments)
            self.add(
                "local_instrument",
                entry_class,
                f"The profile knows {known}.",
                "Change it on the channel.",
            )
        description = self.rules.sender.get("entry_description", "PAYMENT")
        lines = [
            (
                f"5{kind}{self.name('company', group.party.name, 16)}{'':20}{company:10}{entry_class:3}"
                f"{self.name('sender/entry_description', description, 10)}{'':6}"
                f"{group.requested_date:%y%m%d}{'':3}1{bank}{number:07}"
            )
        ]
        sums = _Sums()
        for place, item in enumerate(group.instructions, start=sequence + 1):
            lines += self._entry(item, f"{bank}{place:07}", kind, sums)
        self.subject = ""
        return [*lines, f"8{kind}{sums.fields(6)}{company:10}{'':25}{bank}{number:07}"], sums

    def _entry(self, item, trace, kind, sums):
        self.subject = f"Payment {item.end_to_end_id} ({item.party.name})"
        routing = self.bank("routing", item.account)
        code = _CODES.get(item.account.type, _CHECKING)[kind == _DEBITS]
        cents = self.cents(item)
        # The end tells payments of one order apart; the whole does not fit.
        identification = item.end_to_end_id[-15:]
        if identification in self._ids:
            self.add(
                "end_to_end_id", identification, "Its last 15 characters are another's.", _COMPANY
            )
        self._ids.add(identification)
        message = self.message(item, 80)
        addenda = bool(message.strip())
        sums.entry(routing[:8] or "0", code, cents, addenda)
        lines = [
            (
                f"6{code}{routing:9.9}{self.account('account', item.account):17.17}{cents:010}"
                f"{self.text('end_to_end_id', identification, 15)}{self.name('name', item.party.name, 22)}"
                f"{'':2}{addenda:d}{trace}"
            )
        ]
        if addenda:
            lines.append(f"705{message}0001{trace[-7:]}")
        return lines


class _Check(FlatCheck):
    """The records again: order, lengths, blocks, counts, hashes and sums, trace numbers, check digits."""

    def run(self, content):
        lines = self.lines(content, _ENDING)
        if not lines:
            return
        for number, line in enumerate(lines, start=1):
            if len(line) != _LENGTH:
                self.differ(f"line {number}", str(len(line)), f"A record has {_LENGTH} characters")
                return
        if len(lines) % _BLOCK:
            self.differ("file", str(len(lines)), f"Records come in blocks of {_BLOCK}")
        body = [line for line in lines if line != "9" * _LENGTH]
        if [line[0] for line in (body[0], body[-1])] != ["1", "9"] or len(body) < 4:
            self.differ("file", body[0][:3], "A file begins with record 1 and ends with record 9")
            return
        self._records(body, len(lines) // _BLOCK)

    def _records(self, body, blocks):
        whole, batch, batches, last = _Sums(), None, 0, ""
        for number, line in enumerate(body[1:-1], start=2):
            if line[0] == "5":
                batch, batches = _Sums(), batches + 1
            elif line[0] == "6" and batch is not None:
                self._entry(f"line {number}", line, last, batch)
                last = line[79:94]
            elif line[0] == "7" and batch is not None:
                batch.count += 1
                self.same(f"line {number}, entry", line[87:94], last[-7:])
            elif line[0] == "8" and batch is not None:
                self.same(f"line {number}, totals", line[4:44], batch.fields(6))
                self.same(f"line {number}, batch", line[87:94], f"{batches:07}")
                whole.add(batch)
                batch = None
            else:
                self.differ(f"line {number}", line[:1], "A record of this type does not stand here")
        if batch is not None:
            self.differ("file", "", "The last batch has no control record")
        self.same("file control", body[-1][1:55], f"{batches:06}{blocks:06}{whole.fields(8)}")

    def _entry(self, where, line, last, batch):
        routing, code, amount = line[3:12], line[1:3], line[29:39]
        if not rtn.is_valid(routing):
            self.differ(f"{where}, routing", routing, "The check digit is wrong")
        if not (amount.isdigit() and int(amount)):
            self.differ(f"{where}, amount", amount, "An amount is more than nothing")
        if line[79:94] <= last:
            self.differ(f"{where}, trace", line[79:94], "Trace numbers rise")
        # Its addenda record is counted where it stands.
        batch.entry(
            routing[:8] if routing[:8].isdigit() else "0",
            code,
            int(amount) if amount.isdigit() else 0,
            addenda=False,
        )


FORMAT = offer(_Writer, _Check, code="nacha", name="US ACH file (Nacha)", extension="ach")
