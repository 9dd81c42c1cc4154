"""Two people at once, in transactions of their own: what each decides holds beside what the other did."""

import json
from pathlib import Path

import pytest
from payment_world import SETUP

_AT_ONCE, _SCHEDULES = (
    Path(__file__).with_name(name).read_text() for name in ("at_once.py", "schedules_at_once.py")
)


@pytest.fixture(scope="module")
def told(odoo_server):
    """What an expression over the two scripts comes to."""
    server = odoo_server("at_once", queue=False)
    server.stop()
    account = {"iban": "DE89370400440532013000"}
    server.shell(
        SETUP.format(account=account, url="http://127.0.0.1:1", count=0, approved=0)
        + 'env["treasury.fraud.rule"].search([]).active = False\n'
    )

    def tell(expression):
        script = f"{_AT_ONCE}\n{_SCHEDULES}\nimport json\nprint(json.dumps({expression}))"
        return json.loads(server.shell(script).splitlines()[-1])

    return tell


@pytest.fixture
def meeting(told):
    return lambda name: told(f"both_ways(*MEETINGS[{name!r}])")


def test_two_approvals_are_two(meeting):
    assert meeting("two approvals") == [[["done", "done"], ["approved", 2]]] * 2


@pytest.mark.parametrize("name", ["approval and withdrawal", "approval and refusal"])
def test_what_is_taken_back_keeps_no_approval(meeting, name):
    assert [end for _told, end in meeting(name)] == [["draft", 0]] * 2


@pytest.mark.parametrize("name", ["bill untied", "bill to draft"])
def test_bill_that_is_let_go_while_its_order_is_generated_is_not_paid(meeting, name):
    for _told, end in meeting(name):
        assert end["order"] == "draft" or end["is_tied"] or "approval" not in end


def test_payment_does_not_become_a_draft_while_its_order_is_generated(meeting):
    assert [end for _told, end in meeting("payment to draft")] == [True, True]


def test_account_that_changes_while_its_order_is_generated_voids_it(meeting):
    after, before = meeting("account changed")
    assert after == [["done", "done"], ["draft", True]]
    assert before == [["done", "done"], ["to_approve", True]]


def test_mandate_for_one_collection_is_used_once(meeting):
    for told, count in meeting("mandate for one"):
        assert told[0] == "done"
        assert "no mandate in force" in told[1]
        assert count == 1


@pytest.mark.parametrize("name", ["two releases", "release and approval"])
def test_last_release_lets_an_order_go_whoever_gives_it(meeting, name):
    assert meeting(name) == [[["done", "done"], True]] * 2


def test_order_is_recalled_once(meeting):
    for told, states in meeting("two recalls"):
        assert told[0] == "done" != told[1]
        assert states == ["requested"]


def test_recall_is_not_taken_back_while_the_bank_is_told_of_it(told):
    assert told("withdraw_while_recalling()") == [["waits"], ["sent"]]


def test_two_approvals_let_a_recall_go(meeting):
    assert meeting("approvals of a recall") == [[["done", "done"], ["approved"]]] * 2


def test_refused_payment_is_corrected_once_and_shown_to_both(meeting):
    assert meeting("paid again") == [[["done", "done"], 1]] * 2


def test_bill_that_two_runs_propose_is_paid_once(meeting):
    for told, amounts in meeting("two runs"):
        assert told[0] == "done" != told[1]
        assert amounts == [100]


def test_collection_leaves_by_a_mandate_in_force_only(meeting, told):
    ended_after, ended_before = meeting("mandate ended")
    assert ended_after == [["done", "done"], [True, "ended"]]
    assert ended_before == [["done", "done"], [False, "ended"]]
    assert told("end_mandate_while_sending()") == [["waits"], [True, "active"]]


def test_deputy_approves_in_nobodys_name_whose_delegation_ended(meeting):
    ended_after, ended_before = meeting("delegation ended")
    assert ended_after == [["done", "done"], ["alma"]]
    assert ended_before == [["done", "done"], ["bert"]]


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("credential", ["Renamed", 1]),
        ("credential put off", ["Old", 0]),
        ("consent", ["Renamed", 1]),
        ("overdue", 1),
        ("overdue put off", 0),
        ("full export", [1, 0]),
        ("closed months", [1, 0]),
        ("cash position", ["Renamed", 1, 0]),
        ("heartbeat", 1),
    ],
)
def test_schedule_does_its_work_on_what_a_person_writes_at_that_moment(told, name, end):
    assert told(f"written_meanwhile(*SCHEDULES[{name!r}])") == end


def test_fetch_sees_what_the_one_before_it_wrote(told):
    assert told("fetch_that_began_before_another_ended()") == 0
