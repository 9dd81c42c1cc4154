import re
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from sandbox.server import SandboxServer


def parse(path):
    root = ElementTree.parse(path).getroot()
    return root, {"c": root.tag[1:].partition("}")[0]}


def signed(node, spaces):
    amount = Decimal(node.find("c:Amt", spaces).text)
    return -amount if node.find("c:CdtDbtInd", spaces).text == "DBIT" else amount


def balances(statement, spaces):
    return {
        node.find("c:Tp/c:CdOrPrtry/c:Cd", spaces).text: signed(node, spaces)
        for node in statement.findall("c:Bal", spaces)
    }


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "files"


def order(server, **body):
    body = {"date_from": "2026-11-01", "date_to": "2026-11-30", **body}
    return server.control("POST", "/control/files", body)["files"]


@pytest.mark.parametrize("version", ["02", "04", "08", "13"])
def test_files_equal_the_ledger(client, server, folder, version):
    for code in ("alpenglut-chf", "nordhafen-eur", "nordhafen-usd", "nordhafen-chf"):
        truth = client.ledger(code)
        seen, previous, numbers = [], Decimal(truth["opening_balance"]), []
        for made in order(server, account=code, version=version):
            root, spaces = parse(folder / made["name"])
            assert spaces["c"].endswith(f"camt.053.001.{version}")
            statement = root.find("c:BkToCstmrStmt/c:Stmt", spaces)
            numbers.append(int(statement.find("c:LglSeqNb", spaces).text))
            entries = statement.findall("c:Ntry", spaces)
            both = balances(statement, spaces)
            assert both["OPBD"] == previous
            previous = both["CLBD"]
            assert both["OPBD"] + sum(signed(entry, spaces) for entry in entries) == previous
            assert statement.find("c:Acct/c:Id/c:IBAN", spaces).text == truth["iban"]
            seen += [
                (entry.find("c:AcctSvcrRef", spaces).text, str(signed(entry, spaces)))
                for entry in entries
            ]
        days = [row for row in truth["days"] if row["date"] >= "2026-11-04"]
        assert previous == Decimal(truth["closing_balance"])
        assert len(numbers) == len(days)
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert seen == [(row["entry_reference"], row["amount"]) for row in truth["bookings"]]
        assert client.served(code)["file"]["transactions"] == len(seen)


def test_mt940_equals_the_ledger(client, server, folder):
    truth = client.ledger("nordhafen-chf")
    seen = []
    for made in order(server, account="nordhafen-chf", version="mt940"):
        assert made["name"].endswith(".sta")
        rows = (folder / made["name"]).read_text().splitlines()
        assert rows[0].startswith("{1:F01") and rows[-1] == "-}"
        assert f":25:{truth['iban']}" in rows
        for mark, figure, reference in re.findall(
            r"^:61:\d{10}(R?[CD])([\d,]+)N[A-Z]{3}NONREF//(\S+)$", "\n".join(rows), re.M
        ):
            amount = Decimal(figure.replace(",", "."))
            seen.append((reference, str(amount if mark in ("C", "RD") else -amount)))
        assert max(map(len, rows[1:])) <= 69
    assert seen == [(row["entry_reference"], row["amount"]) for row in truth["bookings"]]


def test_batches_reversals_charges_and_currencies_are_told(client, server, folder):
    with SandboxServer(folder=folder, history_days=45) as longer:
        made = order(longer, date_from="2026-10-01", combine=True)
    root, spaces = parse(folder / made[0]["name"])
    entries = root.findall(".//c:Ntry", spaces)
    for batch in root.findall(".//c:NtryDtls[c:Btch]", spaces):
        details = batch.findall("c:TxDtls", spaces)
        assert len(details) == int(batch.find("c:Btch/c:NbOfTxs", spaces).text) > 1
        total = sum(abs(signed(detail, spaces)) for detail in details)
        assert total == Decimal(batch.find("c:Btch/c:TtlAmt", spaces).text)
    assert root.findall(".//c:NtryDtls/c:Btch", spaces)
    assert any(entry.find("c:RvslInd", spaces) is not None for entry in entries)
    charged = [entry for entry in entries if entry.find("c:Chrgs", spaces) is not None]
    assert charged
    for entry in charged:
        gross = Decimal(entry.find(".//c:InstdAmt/c:Amt", spaces).text)
        assert gross - Decimal(entry.find("c:Chrgs/c:Rcrd/c:Amt", spaces).text) == signed(
            entry, spaces
        )
    foreign = root.findall(".//c:TxDtls[c:AmtDtls]", spaces)
    assert any(
        node.find(".//c:InstdAmt/c:Amt", spaces).get("Ccy") != node.find("c:Amt", spaces).get("Ccy")
        for node in foreign
    )


def test_one_file_may_hold_all_accounts(server, folder):
    (made,) = order(server, combine=True, date_from="2026-11-19", date_to="2026-11-20")
    root, spaces = parse(folder / made["name"])
    ibans = [node.text for node in root.findall(".//c:Stmt/c:Acct/c:Id/c:IBAN", spaces)]
    assert len(ibans) == 8
    assert len(set(ibans)) == 4


def test_pending_entries_only_when_asked_for(server, folder):
    (made,) = order(server, account="alpenglut-chf", date_from="2026-11-20")
    root, spaces = parse(folder / made["name"])
    assert {node.text for node in root.findall(".//c:Sts/c:Cd", spaces)} == {"BOOK"}
    (made,) = order(server, account="alpenglut-chf", date_from="2026-11-20", pending=True)
    root, spaces = parse(folder / made["name"])
    assert {node.text for node in root.findall(".//c:Sts/c:Cd", spaces)} == {"BOOK", "PDNG"}


def test_a_moving_clock_writes_the_days_that_close(server, folder):
    control = server.control
    assert control("PUT", "/control/clock", {"now": "2026-11-23T18:00:00"})["files"] == []
    files = control("PUT", "/control/clock", {"now": "2026-11-23T20:00:00"})["files"]
    assert {row["date"] for row in files} == {"2026-11-23"}
    assert len(files) == 4
    assert {path.name for path in folder.iterdir()} == {row["name"] for row in files}
    files = control("PUT", "/control/clock", {"advance_days": 2})["files"]
    assert sorted({row["date"] for row in files}) == ["2026-11-24", "2026-11-25"]
    assert control("PUT", "/control/clock", {"advance_minutes": 5})["files"] == []


def test_the_same_entry_comes_by_both_channels(client, server, folder):
    made = order(server, account="alpenglut-chf")
    references = set()
    for row in made:
        root, spaces = parse(folder / row["name"])
        references |= {node.text for node in root.findall(".//c:AcctSvcrRef", spaces)}
    assert references == {row["entryReference"] for row in client.all_booked("alpenglut-chf")}
    row = client.served("alpenglut-chf")
    assert row["unique"] == {
        k: v for k, v in row["api"].items() if k not in ("deliveries", "parcels")
    }
    assert row["file"]["ids"] == row["api"]["ids"]


def test_spoiled_files(client, server, folder):
    client.fault("truncated_body", path="/files")
    client.fault("malformed_body", path="/files")
    (first,) = order(server, account="nordhafen-usd", date_from="2026-11-20")
    with pytest.raises(ElementTree.ParseError):
        parse(folder / first["name"])
    assert client.served("nordhafen-usd")["file"]["transactions"] == 0
    client.fault("duplicate_booking", path="/files", account="nordhafen-usd")
    order(server, account="nordhafen-chf", date_from="2026-11-20")
    (second,) = order(server, account="nordhafen-usd", date_from="2026-11-20")
    root, spaces = parse(folder / second["name"])
    references = [node.text for node in root.findall(".//c:AcctSvcrRef", spaces)]
    assert len(references) == len(set(references)) + 1
    assert client.served("nordhafen-usd")["file"]["transactions"] == len(set(references))


def test_wrong_orders_are_refused(stranger):
    post = ("POST", "/control/files")
    assert "date_from must be a date" in stranger.call(*post, {}).json["error"]
    dates = {"date_from": "2026-11-01", "date_to": "2026-11-02"}
    assert "version" in stranger.call(*post, dates | {"version": "99"}).json["error"]
    assert "No files" in stranger.call(*post, dates | {"account": "alpenglut-eur"}).json["error"]


def test_without_a_folder_there_are_no_files():
    with SandboxServer(history_days=5) as server:
        assert server.control("PUT", "/control/clock", {"advance_days": 1})["files"] == []
