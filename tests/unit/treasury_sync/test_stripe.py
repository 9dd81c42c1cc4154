"""Stripe's client, which nobody here wrote, talks to the sandbox; its signature check and ours agree both ways."""

import itertools
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import stripe as official
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_connector_base.tools.signatures import SignatureError
from odoo.addons.treasury_sync.tools import settlements, stripe

from sandbox.server import SandboxServer
from sandbox.stripe import API_KEY

SECRET = "whsec_seeded"
REFERENCES = ("invoice",)


@pytest.fixture
def sandbox():
    with SandboxServer(seed=7) as server:
        yield server


@pytest.fixture
def client(sandbox):
    return official.StripeClient(API_KEY, base_addresses={"api": f"{sandbox.url}/stripe"})


def pay(sandbox, *amounts, currency="eur", **values):
    rows = [{"amount": amount, "currency": currency, **values} for amount in amounts]
    return sandbox.control("POST", "/control/stripe/payments", rows)["charges"]


class TestSignature:
    BODY = b'{"id": "evt_1",\n "object": "event"}'

    @pytest.mark.parametrize("age", [0, 299, 301, 4000])
    def test_official_and_ours_agree_on_what_we_sign(self, age):
        now = datetime.now(UTC)
        header = stripe.sign([SECRET], self.BODY, now - timedelta(seconds=age))
        ours = self.accepts(header, now)
        try:
            official.Webhook.construct_event(self.BODY, header, SECRET)
            theirs = True
        except official.SignatureVerificationError:
            theirs = False
        assert ours == theirs == (age <= 300)

    def test_ours_takes_what_the_official_library_signs(self):
        now = datetime.now(UTC)
        stated = int(now.timestamp())
        mac = official.WebhookSignature._compute_signature(f"{stated}.{self.BODY.decode()}", SECRET)
        assert self.accepts(f"t={stated},v1={mac},v0=ignored", now)

    def test_from_the_future_is_refused_as_well(self):
        now = datetime.now(UTC)
        assert self.accepts(stripe.sign([SECRET], self.BODY, now + timedelta(seconds=299)), now)
        assert not self.accepts(stripe.sign([SECRET], self.BODY, now + timedelta(seconds=301)), now)

    def test_while_a_secret_is_rotated_either_signs(self):
        now = datetime.now(UTC)
        assert self.accepts(stripe.sign(["whsec_old", SECRET], self.BODY, now), now)
        assert self.accepts(stripe.sign([SECRET], self.BODY, now), now, ["whsec_new", SECRET])
        assert not self.accepts(stripe.sign(["whsec_other"], self.BODY, now), now)

    def test_without_a_secret_nothing_is_trusted(self):
        now = datetime.now(UTC)
        assert not self.accepts(stripe.sign([""], self.BODY, now), now, [""])
        assert not self.accepts(stripe.sign([""], self.BODY, now), now, [])

    @pytest.mark.parametrize(
        "header", ["", "t=1", "v1=00", "t=x,v1=00", "t=1,t=2,v1=00", "nonsense", "t=٣,v1=00"]
    )
    def test_other_forms_are_refused(self, header):
        assert not self.accepts(header, datetime.now(UTC))

    def accepts(self, header, now, secrets=(SECRET,)):
        try:
            stripe.verify(secrets, header, self.BODY, now)
        except SignatureError:
            return False
        return True


class TestSandboxSpeaksStripe:
    def test_the_official_client_pages_through_the_events(self, sandbox, client):
        pay(sandbox, *range(1000, 1040))
        told = list(client.v1.events.list({"limit": 7}).auto_paging_iter())
        assert len(told) == len({event.id for event in told}) == 160
        assert [event.created for event in told] == sorted(
            (event.created for event in told), reverse=True
        )
        [newest, second] = told[:2]
        newer = client.v1.events.list({"ending_before": second.id})
        assert [event.id for event in newer.data] == [newest.id]

    def test_the_official_client_reads_a_payout(self, sandbox, client):
        charges = pay(sandbox, 10000, 20000)
        sandbox.control(
            "POST", "/control/stripe/refunds", {"charge": charges[0]["id"], "amount": 500}
        )
        made = sandbox.control("POST", "/control/stripe/payouts", {"currency": "eur"})
        payout = client.v1.payouts.retrieve(made["id"])
        rows = client.v1.balance_transactions.list(
            {"payout": payout.id, "limit": 100, "expand": ["data.source"]}
        ).data
        assert payout.status == "paid"
        assert {row.type for row in rows} == {"charge", "refund", "payout"}
        assert sum(row.net for row in rows) == 0
        assert {row.source.object for row in rows} == {"charge", "refund", "payout"}
        assert not any(name.startswith("_") for row in rows for name in row.to_dict())

    def test_direct_charge_is_one_event(self, sandbox, client):
        [charge] = pay(sandbox, 1000, direct=True)
        [event] = client.v1.events.list().data
        assert event.type == "charge.succeeded"
        assert client.v1.charges.retrieve(charge["id"]).payment_intent is None
        [entry] = client.v1.balance_transactions.list().data
        assert entry.source == charge["id"]

    def test_errors_are_stripes(self, sandbox, client):
        with pytest.raises(official.InvalidRequestError):
            client.v1.payouts.retrieve("po_unknown")
        stranger = official.StripeClient("sk_x", base_addresses={"api": f"{sandbox.url}/stripe"})
        with pytest.raises(official.AuthenticationError):
            stranger.v1.events.list()


class TestAmounts:
    @pytest.mark.parametrize(
        ("units", "currency", "amount"),
        [
            (1050, "eur", "10.50"),
            (1050, "jpy", "1050"),
            (1050, "kwd", "1.050"),
            (1050, "mga", "1050"),
            (1000, "isk", "10.00"),
            (-5, "usd", "-0.05"),
        ],
    )
    def test_minor_units(self, units, currency, amount):
        assert stripe.amount(units, currency) == Decimal(amount)

    @pytest.mark.parametrize(
        ("units", "currency"), [(1.5, "eur"), ("1", "eur"), (True, "eur"), (1, "EURO"), (1, None)]
    )
    def test_nothing_is_guessed(self, units, currency):
        with pytest.raises(settlements.SettlementFormatError):
            stripe.amount(units, currency)


def events_of(sandbox, client):
    return [
        json.dumps(event.to_dict(), default=str).encode()
        for event in client.v1.events.list({"limit": 100}).auto_paging_iter()
    ]


def lives(bodies):
    observed = {}
    for body in bodies:
        for observation in stripe.read(body, REFERENCES).observations:
            observed.setdefault((observation.kind, observation.external_id), []).append(observation)
    return {key: settlements.fold(found) for key, found in observed.items()}


class TestReading:
    def test_a_busy_day_reads_the_same_in_every_order(self, sandbox, client):
        paid, disputed, won, failed = pay(
            sandbox, 10000, 20000, 30000, 40000, metadata={"invoice": "INV/1"}
        )
        pay(sandbox, 777, fails=True)
        sandbox.control("POST", "/control/stripe/refunds", {"charge": paid["id"], "amount": 500})
        back = sandbox.control(
            "POST", "/control/stripe/refunds", {"charge": failed["id"], "fails": True}
        )
        lost = sandbox.control("POST", "/control/stripe/disputes", {"charge": disputed["id"]})
        kept = sandbox.control("POST", "/control/stripe/disputes", {"charge": won["id"]})
        for dispute, is_won in ((lost, False), (kept, True)):
            sandbox.control(
                "POST", f"/control/stripe/disputes/{dispute['id']}/close", {"won": is_won}
            )
        payout = sandbox.control("POST", "/control/stripe/payouts", {"currency": "eur"})
        sandbox.control("POST", f"/control/stripe/payouts/{payout['id']}/fail", {})
        bodies = events_of(sandbox, client)
        straight = lives(bodies)
        status = {external_id: life.status for (_kind, external_id), life in straight.items()}
        assert status[paid["id"]] == "succeeded"
        assert status[lost["id"]] == "lost"
        assert status[kept["id"]] == "reinstated"
        assert status[back["id"]] == "failed"
        assert status[payout["id"]] == "failed"
        assert straight["payment", paid["id"]].references == ("INV/1",)
        assert sorted(status.values()).count("failed") == 3
        for order in itertools.islice(itertools.permutations(bodies[::-1]), 0, 2000, 97):
            assert lives([*order, *bodies[::2]]) == straight

    def test_an_event_is_the_same_however_it_was_delivered(self):
        event = {
            "id": "evt_1",
            "object": "event",
            "type": "charge.succeeded",
            "created": 1,
            "data": {"object": {"id": "ch_1"}},
            "pending_webhooks": 1,
        }
        listed = {**event, "pending_webhooks": 0}
        assert stripe.event_identity(json.dumps(event, indent=2).encode()) == stripe.event_identity(
            json.dumps(listed).encode()
        )
        other = {**event, "data": {"object": {"id": "ch_2"}}}
        assert stripe.event_identity(json.dumps(event).encode()) != stripe.event_identity(
            json.dumps(other).encode()
        )

    def test_what_is_none_of_our_business_says_nothing(self):
        body = {
            "id": "evt_1",
            "object": "event",
            "type": "customer.created",
            "created": 1,
            "data": {"object": {"id": "cus_1", "object": "customer"}},
        }
        assert stripe.read(json.dumps(body).encode(), ()) == settlements.Message()

    @pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"object": "charge"}', b"\xff"])
    def test_what_is_no_event_is_refused(self, body):
        with pytest.raises(settlements.SettlementFormatError):
            stripe.read(body, ())

    def test_report_holds_rows_and_the_objects_they_are_about(self, sandbox, client):
        charges = pay(sandbox, 10000, 5000, currency="jpy")
        made = sandbox.control("POST", "/control/stripe/payouts", {"currency": "jpy"})
        page = client.v1.balance_transactions.list(
            {"payout": made["id"], "expand": ["data.source"]}
        )
        report = stripe.pack_report(
            client.v1.payouts.retrieve(made["id"]).to_dict(),
            [json.dumps(page.to_dict(), default=str).encode()],
        )
        message = stripe.read(report, REFERENCES)
        assert message.payout == made["id"]
        assert {row.subject: row.gross for row in message.rows} == {
            charges[0]["id"]: Decimal(10000),
            charges[1]["id"]: Decimal(5000),
        }
        assert sum(row.net for row in message.rows) == stripe.amount(made["amount"], "jpy")
        assert {item.kind for item in message.observations} == {"payment", "payout"}


@st.composite
def observations(draw):
    kind = draw(st.sampled_from(sorted(settlements.LIVES)))

    def one(number):
        return settlements.Observation(
            kind=kind,
            external_id="x",
            status=draw(st.sampled_from(settlements.LIVES[kind])),
            amount=Decimal(draw(st.integers(0, 3))),
            currency="EUR",
            as_of=datetime(2026, 11, 26, tzinfo=UTC) + timedelta(seconds=draw(st.integers(0, 2))),
            source=f"evt_{number}",
            occurred_on=datetime(2026, 11, 26).date(),
            parent=draw(st.sampled_from([None, "p", "q"])),
            references=draw(st.sampled_from([(), ("a",), ("b", "a")])),
            reason=draw(st.sampled_from([None, "r"])),
        )

    return [one(number) for number in range(draw(st.integers(1, 6)))]


@given(observations(), st.randoms(use_true_random=False))
def test_life_is_the_same_for_every_order_and_repetition(observed, dice):
    expected = settlements.fold(observed)
    again = observed + dice.choices(observed, k=3)
    dice.shuffle(again)
    assert settlements.fold(again) == expected
    assert expected.status == max(
        (item.status for item in observed), key=settlements.LIVES[observed[0].kind].index
    )


def test_messages_survive_their_json_form():
    observation = settlements.Observation(
        kind="payment",
        external_id="ch_1",
        status="succeeded",
        amount=Decimal("10.50"),
        currency="EUR",
        as_of=datetime(2026, 11, 26, tzinfo=UTC),
        source="evt_1",
        occurred_on=datetime(2026, 11, 26).date(),
        references=("INV/1",),
    )
    message = settlements.Message(observations=(observation,))
    assert (
        settlements.message_from_dict(json.loads(json.dumps(settlements.message_to_dict(message))))
        == message
    )
