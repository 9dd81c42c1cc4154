"""Two people decide on the same lines at the same moment: one decision stands, and who came second is told."""

import threading

import odoorpc
import pytest
from review_world import SETUP

LINE = "account.bank.statement.line"


@pytest.fixture(scope="module")
def server(odoo_server):
    server = odoo_server("reviewers")
    # The scheduled actions of a new database write to what the people are made of.
    server.stop()
    server.shell(SETUP.format(invoices=8, fees=1))
    server.start()
    return server


def proposals_of(server):
    """:return: the best proposal of each line that waits for a person"""
    rows = server.sql(
        "SELECT proposal.id FROM bank_statement_match_proposal proposal"
        " JOIN bank_statement_match match ON match.id = proposal.match_id AND match.is_current"
        " WHERE proposal.rank = 1 AND match.state = 'waiting' ORDER BY proposal.id"
    )
    assert len(rows) == 8
    return [row[0] for row in rows]


def together(server, model, method, ids):
    """Have both call a method for one record after another, each of them at the same moment.

    :return: the answers of both for each record; what the server refused as text
    """
    barrier = threading.Barrier(2)
    answers = {"rita": [], "rolf": []}

    def call(login):
        client = server.rpc(login, login)
        for one in ids:
            barrier.wait(300)
            try:
                answer = client.execute(model, method, [one])
                answers[login].append(next(way for way, found in answer.items() if found))
            except odoorpc.error.RPCError as error:
                answers[login].append(str(error))

    people = [threading.Thread(target=call, args=(login,)) for login in answers]
    for one in people:
        one.start()
    for one in people:
        one.join()
    return list(zip(answers["rita"], answers["rolf"], strict=True))


def test_one_item_is_never_settled_twice_by_two_people(server):
    proposals = proposals_of(server)
    pairs = together(server, "bank.statement.match.proposal", "action_accept", proposals)
    assert len(pairs) == 8
    for pair in pairs:
        assert pair.count("accepted") == 1, pairs
        [loser] = [answer for answer in pair if answer != "accepted"]
        assert loser == "refused" or "decided meanwhile" in loser, pairs
    twice = server.sql(
        "SELECT item.id FROM account_partial_reconcile partial JOIN account_move_line item"
        " ON item.id = partial.debit_move_id GROUP BY item.id HAVING count(*) > 1"
    )
    assert not twice
    lines = [
        row[0]
        for row in server.sql(
            "SELECT line_id FROM bank_statement_match_proposal WHERE id = ANY(%s)", [proposals]
        )
    ]
    assert len(server.rpc("rita", "rita").execute(LINE, "action_match_undo", lines)["undone"]) == 8


def test_one_match_is_taken_back_once_by_two_people(server):
    client = server.rpc("rita", "rita")
    accepted = client.execute(
        "bank.statement.match.proposal", "action_accept", proposals_of(server)
    )
    lines = accepted["accepted"]
    # Half of the lines may not be touched any more: their matches are taken back by an entry.
    server.sql(
        "UPDATE account_move SET inalterable_hash = 'fixed' WHERE id IN"
        " (SELECT move_id FROM account_bank_statement_line WHERE id = ANY(%s))",
        [lines[4:]],
    )
    pairs = together(server, LINE, "action_match_undo", lines)
    ways = [sorted(pair) for pair in pairs]
    assert ways == [["refused", "undone"]] * 4 + [["refused", "reversed"]] * 4, pairs
    entries = server.sql(
        "SELECT count(*) FROM account_move WHERE ref LIKE %s AND state = 'posted'",
        ["Reversal of the match of %"],
    )
    assert entries == [(4,)]
    still_settled = server.sql(
        "SELECT count(*) FROM account_move WHERE move_type = 'out_invoice' AND payment_state != 'not_paid'"
    )
    assert still_settled == [(0,)]
