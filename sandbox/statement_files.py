"""Drops statement files into a folder, the way a bank's file transfer does: complete or not at all."""

from dataclasses import replace
from pathlib import Path

from sandbox import camt053, mt940
from sandbox.faults import malformed, truncated
from sandbox.router import ProblemError, iso_date, json_response, refusal

# What is not a version of CAMT.053.
_MT940 = "mt940"


class StatementFiles:
    """Writes statements of the accounts with the ``file`` channel.

    :param folder: where to; None when this bank delivers no files.
    """

    def __init__(self, world, folder, faults, served):
        self._world = world
        self._folder = folder and Path(folder)
        self._faults = faults
        self._served = served

    def add_routes(self, router):
        """Offer ``POST /control/files``."""
        router.add("POST", "/control/files", self._post)

    def write_closed(self, before, after):
        """Write one file for each account and business day that closed between two moments.

        :return: descriptions of the files; empty without a folder.
        """
        if self._folder is None:
            return []
        days = [
            day
            for day in self._world.closed_days(before.date(), after.date())
            if before < self._world.closed_at(day)
        ]
        return [
            self._write([self._statement(account, day, False)], "08")
            for account in self._file_accounts()
            for day in days
        ]

    @staticmethod
    def name(account, day, kind="camt053", ending="xml"):
        """Return the name of the file of one account and day."""
        return f"{kind}_{account.iban}_{day:%Y%m%d}.{ending}"

    def content(self, account, day):
        """Return the statement of one account and day, and the bookings in it."""
        statement = self._statement(account, day, False)
        self._world.report(account, day)
        return camt053.write([statement], self._world.closed_at(day), "08"), statement.booked

    def _file_accounts(self):
        return [item for item in self._world.accounts.values() if "file" in item.channels]

    def _post(self, request):
        if self._folder is None:
            raise ProblemError(refusal(409, "No folder: start the sandbox with --folder DIR"))
        body = request.json()
        version = body.get("version", "08")
        if version not in (*camt053.DIALECTS, _MT940):
            raise ProblemError(
                refusal(400, f"version must be one of {', '.join(camt053.DIALECTS)} or {_MT940}")
            )
        accounts = self._file_accounts()
        if body.get("account"):
            accounts = [item for item in accounts if item == self._world.account(body["account"])]
            if not accounts:
                raise ProblemError(refusal(400, f"No files for account {body['account']!r}"))
        first = iso_date(body.get("date_from"), "date_from")
        last = iso_date(body.get("date_to"), "date_to")
        statements = [
            self._statement(account, day, bool(body.get("pending")))
            for account in accounts
            for day in self._world.closed_days(first, last)
        ]
        parcels = [[item] for item in statements]
        if body.get("combine") and statements:
            parcels = [statements]
        return json_response(200, {"files": [self._write(parcel, version) for parcel in parcels]})

    def _statement(self, account, day, with_pending):
        booked = [item for item in self._world.booked(account) if item.statement_date == day]
        closing = self._world.balance(account, day)
        return camt053.Statement(
            account=account,
            day=day,
            opening=closing - sum(item.amount for item in booked),
            closing=closing,
            booked=tuple(booked),
            pending=tuple(self._world.pending(account)) if with_pending else (),
        )

    def _write(self, statements, version):
        first = statements[0]
        path = f"/files/{first.account.code}"
        shown = [self._faulty(first, path), *statements[1:]]
        if version == _MT940:
            content, kind, ending = mt940.write(shown), _MT940, "sta"
        else:
            closed = self._world.closed_at(statements[-1].day)
            content, kind, ending = camt053.write(shown, closed, version), "camt053", "xml"
        whole = content
        if self._faults.strike("malformed_body", "PUT", path) is not None:
            content = malformed(whole)
        if self._faults.strike("truncated_body", "PUT", path) is not None:
            content = truncated(whole)
        name = self.name(first.account, first.day, kind, ending)
        if len(statements) > 1:
            name = f"{kind}_combined_{first.day:%Y%m%d}_{statements[-1].day:%Y%m%d}.{ending}"
        self._folder.mkdir(parents=True, exist_ok=True)
        part = self._folder / f".{name}.part"
        part.write_bytes(content)
        part.replace(self._folder / name)
        for statement in statements:
            self._world.report(statement.account, statement.day)
            if content is whole:
                self._served.record("file", statement.account, statement.booked)
        return {
            "name": name,
            "account": first.account.code,
            "date": first.day.isoformat(),
            "statements": len(statements),
            "entries": sum(len(item.booked) for item in statements),
        }

    def _faulty(self, statement, path):
        options = statement.booked and self._faults.strike("duplicate_booking", "PUT", path)
        if not isinstance(options, dict):
            return statement
        first = statement.booked[0]
        again = self._world.reissued(first) if options.get("new_id") else first
        return replace(statement, booked=(first, again, *statement.booked[1:]))
