import pytest

CUSTOMER = {"customer_name": "Muster & Co", "customer_iban": "DE89370400440532013000"}


def register(client, count=12, **fields):
    rows = [
        {
            "entity": "alpenglut",
            "amount": "119.00",
            "currency": "CHF",
            "reference": f"INV/2026/{number:05d}",
            "due_date": "2026-11-11",
            **CUSTOMER,
            **fields,
        }
        for number in range(count)
    ]
    return client.server.control("POST", "/control/receivables", rows)["receivables"]


def by_behaviour(rows):
    groups = {}
    for row in rows:
        groups.setdefault(row["behaviour"], []).append(row)
    return groups


def test_customers_pay_most_with_the_exact_reference_and_some_otherwise(client):
    groups = by_behaviour(register(client))
    assert {name: len(rows) for name, rows in groups.items()} == {
        "exact": 8, "wrong_amount": 1, "no_reference": 1, "twice": 1, "unpaid": 1,
    }  # fmt: skip
    booked = {row["transactionId"]: row for row in client.all_booked("alpenglut-chf")}

    def paid(row):
        return [booked[payment["transaction_id"]] for payment in row["payments"]]

    for row in groups["exact"]:
        (payment,) = paid(row)
        assert payment["transactionAmount"] == {"currency": "CHF", "amount": "119.00"}
        assert row["reference"] in payment["remittanceInformationUnstructured"]
        assert payment["debtorName"] == CUSTOMER["customer_name"]
        assert payment["debtorAccount"]["iban"] == CUSTOMER["customer_iban"]
    (short,) = paid(groups["wrong_amount"][0])
    assert short["transactionAmount"]["amount"] == "116.62"
    (bare,) = paid(groups["no_reference"][0])
    assert groups["no_reference"][0]["reference"] not in bare["remittanceInformationUnstructured"]
    first, second = paid(groups["twice"][0])
    assert first["remittanceInformationUnstructured"] == second["remittanceInformationUnstructured"]
    assert groups["unpaid"][0]["payments"] == []


def test_the_balance_proof_holds_with_payments(client):
    register(client)
    truth = client.ledger("alpenglut-chf")
    assert truth["days"][-1]["closing"] == truth["closing_balance"]
    previous = truth["opening_balance"]
    for day in truth["days"]:
        assert day["opening"] == previous
        previous = day["closing"]


def test_registering_again_changes_nothing(client):
    first, before = register(client), client.ledger("alpenglut-chf")
    assert register(client) == first
    assert client.ledger("alpenglut-chf") == before


def test_a_reported_day_stays_as_it_was(client):
    before = client.ledger("alpenglut-chf")["days"]
    assert client.transactions("alpenglut-chf").status == 200
    rows = register(client)
    dates = [payment["booking_date"] for row in rows for payment in row["payments"]]
    assert min(dates) >= "2026-11-23"
    assert client.ledger("alpenglut-chf")["days"] == before
    client.server.control("PUT", "/control/clock", {"advance_days": 7})
    known = {row["transaction_id"] for row in client.ledger("alpenglut-chf")["bookings"]}
    assert {payment["transaction_id"] for row in rows for payment in row["payments"]} <= known


def test_a_future_due_date_is_paid_in_the_future(client):
    (row,) = register(client, count=1, due_date="2026-12-10")
    wanted = row["payments"][0]["transaction_id"]
    assert wanted not in {r["transaction_id"] for r in client.ledger("alpenglut-chf")["bookings"]}
    client.server.control("PUT", "/control/clock", {"now": "2026-12-15T20:00:00"})
    assert wanted in {r["transaction_id"] for r in client.ledger("alpenglut-chf")["bookings"]}


@pytest.mark.parametrize("reference", ["RF18 5390 0754 7034", "210000000003139471430009017"])
def test_structured_references_travel_in_their_own_field(client, reference):
    register(client, count=1, reference=reference)
    bare = reference.replace(" ", "")
    rows = client.all_booked("alpenglut-chf")
    (paid,) = [row for row in rows if row.get("remittanceInformationStructured") == bare]
    assert "remittanceInformationUnstructured" not in paid


def test_another_currency_is_converted_and_told(client):
    (row,) = register(client, count=1, currency="USD", account_currency="EUR")
    assert row["payments"][0]["account"] == "alpenglut-eur"
    (paid,) = [
        item
        for item in client.all_booked("alpenglut-eur")
        if item["transactionId"] == row["payments"][0]["transaction_id"]
    ]
    assert paid["transactionAmount"]["currency"] == "EUR"
    assert paid["currencyExchange"][0]["sourceCurrency"] == "USD"
    assert paid["additionalInformation"] == "Instructed USD 119.00"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"entity": "nobody"}, "'nobody' has no CHF account"),
        ({"amount": 119.0}, "send amounts as strings"),
        ({"amount": "0"}, "above zero"),
        ({"currency": "SEK", "account_currency": "EUR"}, "no rate for SEK"),
        ({"due_date": "soon"}, "due_date must be a date"),
    ],
)
def test_a_wrong_receivable_is_refused_and_none_is_taken(client, fields, reason):
    good = {
        "entity": "alpenglut",
        "amount": "1.00",
        "currency": "CHF",
        "reference": "A",
        "due_date": "2026-11-11",
    }
    rows = [good | CUSTOMER, good | CUSTOMER | fields]
    answer = client.call("POST", "/control/receivables", rows)
    assert answer.status == 400
    assert reason in answer.json["error"]
    assert register(client, count=1, reference="A")[0]["behaviour"] == "exact"
