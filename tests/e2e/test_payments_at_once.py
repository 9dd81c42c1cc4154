"""Two people at once, in transactions of their own: what each decides holds beside what the other did."""

import json
from pathlib import Path

import pytest
from payment_world import SETUP

_AT_ONCE = Path(__file__).with_name("at_once.py").read_text()


@pytest.fixture(scope="module")
def meeting(odoo_server):
    server = odoo_server("at_once", queue=False)
    server.stop()
    account = {"iban": "DE89370400440532013000"}
    server.shell(
        SETUP.format(account=account, url="http://127.0.0.1:1", count=0, approved=0)
        + 'env["treasury.fraud.rule"].search([]).active = False\n'
    )

    def meet(name):
        call = f"import json\nprint(json.dumps(both_ways(*MEETINGS[{name!r}])))"
        return json.loads(server.shell(f"{_AT_ONCE}\n{call}").splitlines()[-1])

    return meet


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


def test_two_approvals_let_a_recall_go(meeting):
    assert meeting("approvals of a recall") == [[["done", "done"], ["approved"]]] * 2


def test_refused_payment_is_corrected_once_and_shown_to_both(meeting):
    assert meeting("paid again") == [[["done", "done"], 1]] * 2


def test_bill_that_two_runs_propose_is_paid_once(meeting):
    for told, amounts in meeting("two runs"):
        assert told[0] == "done" != told[1]
        assert amounts == [100]
