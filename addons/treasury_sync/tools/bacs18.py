"""UK Bacs files, Standard 18, single processing day: labels of 80 characters, payments and contra of 100.

Choices of the profile under ``sender``: ``service_user_number`` (six digits). A file carries one processing day, the
first day of the three-day cycle; the channel's date is that day.

The labels are those of HSBC's "Message Implementation Guide, BACS Standard 18" as MYOB's manual has them in tables
("Settings of the BACS HSBC Plug-In"), VOL1 and HDR1 also of Bank of Ireland's "BACS File Specification", appendix 2:
VOL1 serial number 5-10, service user 42-47; HDR1 service user 6-11 and 16-21, creation 42-47, expiration 48-53, block
count 55-60; HDR2 block and record length 6-15; UHL1 processing day 5-10, currency 21-22, country 23-28, work code
29-37, file number 38-40; EOF1 and EOF2 as HDR1 and HDR2, the former without a block count; UTL1 totals 5-30, counts
31-44.
"""

from datetime import timedelta

from .documents import DIRECT_DEBIT
from .flat_payment import FlatCheck, FlatWriter, offer

_LABEL, _RECORD = 80, 100
_ENDING = "\r\n"
_CREDIT, _DEBIT = "99", "17"
# Sequence of a mandate -> transaction code of a direct debit.
_SEQUENCES = {"FRST": "01", "OOFF": "01", "RCUR": "17", "FNAL": "19"}
_DEBIT_CODES = {"01", "17", "18", "19"}
_JOURNAL = "Correct the bank account of the journal."


def _totals(debit, credit, debit_count, credit_count):
    return f"{debit:013}{credit:013}{debit_count:07}{credit_count:07}"


class _Writer(FlatWriter):
    def write(self, order):
        self.kind(order)
        user = self.sender("service_user_number", r"\d{6}", "six digits")
        days = {group.requested_date for group in order.groups}
        if len(days) != 1:
            self.add(
                "processing date",
                ", ".join(map(str, sorted(days))),
                "A file has one processing day.",
                "Make an order for each day.",
            )
        serial = "".join(filter(str.isalnum, order.message_id))[-6:].upper().rjust(6, "0")
        # The file may be overwritten once its day of processing is over.
        expires = min(days) + timedelta(days=1)
        created, processed, expired = (
            f" {day:%y%j}" for day in (order.created_at, min(days), expires)
        )
        first = f"1A{user}S  1{user}{serial}00010001{'':6}{created}{expired} "
        second = f"2F0200000100{'':35}00{'':28}"
        records, sums = [], [0, 0, 0, 0]
        for group in order.groups:
            records += self._group(group, sums)
        self.subject = ""
        lines = [
            f"VOL1{serial}{'':1}{'':20}{'':6}{'':4}{user}{'':4}{'':28}1",
            f"HDR{first}000000{'':20}",
            f"HDR{second}",
            f"UHL1{processed}999999{'':4}000000001 DAILY  001{'':40}",
            *records,
            f"EOF{first}{'':26}",
            f"EOF{second}",
            f"UTL1{_totals(*sums)}{'':36}",
        ]
        return self.finish(lines, _ENDING)

    def _group(self, group, sums):
        """Payments and their contra, which books the sum on our account.

        :param list[int] sums: debit and credit value, debit and credit count; added to
        """
        self.subject = ""
        own = (
            self.bank("originating sort code", group.account, _JOURNAL)
            + f"{self.account('originating account', group.account, _JOURNAL):8.8}"
        )
        name = self.name("originator", group.party.name, 18)
        total, lines = 0, []
        collected = self.rules.kind == DIRECT_DEBIT
        for item in group.instructions:
            self.subject = f"Payment {item.end_to_end_id} ({item.party.name})"
            cents = self.cents(item)
            total += cents
            other = (
                self.bank("sort code", item.account)
                + f"{self.account('account', item.account):8.8}"
            )
            code = _SEQUENCES[item.mandate.sequence if item.mandate else "RCUR"]
            reference = self._reference(item)
            lines.append(
                f"{other}0{code if collected else _CREDIT}{own}{'':4}{cents:011}{name}{reference}"
                f"{self.name('name', item.party.name, 18)}"
            )
        contra = _CREDIT if collected else _DEBIT
        lines.append(f"{own}0{contra}{own}{'':4}{total:011}{name}{'CONTRA':18}{name}")
        sums[0] += total
        sums[1] += total
        sums[2] += len(group.instructions) if collected else 1
        sums[3] += 1 if collected else len(group.instructions)
        return lines

    def _reference(self, item):
        """What the other side sees: of a direct debit the mandate's reference, which it knows us by."""
        text = item.mandate.reference if item.mandate else ""
        return self.text("mandate", text, 18) if text else self.message(item, 18)


class _Check(FlatCheck):
    """The records again: labels, lengths, contra, totals and counts."""

    def run(self, content):
        lines = self.lines(content, _ENDING)
        labels = [line[:4] for line in (*lines[:4], *lines[-3:])]
        if labels != ["VOL1", "HDR1", "HDR2", "UHL1", "EOF1", "EOF2", "UTL1"]:
            self.differ(
                "file", " ".join(labels), "Labels come as VOL1 HDR1 HDR2 UHL1, EOF1 EOF2 UTL1"
            )
            return
        for number, line in enumerate(lines, start=1):
            wanted = _LABEL if number <= 4 or number > len(lines) - 3 else _RECORD
            if len(line) != wanted:
                self.differ(f"line {number}", str(len(line)), f"A record has {wanted} characters")
                return
        self.same("EOF1", lines[-3][3:54], lines[1][3:54])
        self.same("EOF2", lines[-2][3:], lines[2][3:])
        self._records(lines[4:-3], lines[-1])

    def _records(self, records, trailer):
        values, counts, open_sum = [0, 0], [0, 0], 0
        for number, line in enumerate(records, start=5):
            where, code, amount = f"line {number}", line[15:17], line[35:46]
            if not (line[:15] + line[17:31] + amount).isdigit():
                self.differ(where, line[:46], "Sort codes, accounts and amounts are digits")
                continue
            cents, side = int(amount), 0 if code in _DEBIT_CODES else 1
            if not cents:
                self.differ(f"{where}, amount", amount, "An amount is more than nothing")
            if code not in (*_DEBIT_CODES, _CREDIT):
                self.differ(f"{where}, transaction code", code, "It is no code of a payment")
            values[side] += cents
            counts[side] += 1
            if line[64:82].rstrip() == "CONTRA":
                self.same(f"{where}, contra", cents, open_sum)
                open_sum = 0
            else:
                open_sum += cents
        self.same("contra", open_sum, 0)
        self.same("UTL1", trailer[4:44], _totals(*values, *counts))

    def same(self, tag, declared, found):
        super().same(tag, str(declared), str(found))


FORMAT = offer(_Writer, _Check, code="bacs18", name="UK Bacs file (Standard 18)", extension="bac")
