"""Stripe's events shuffled, doubled and lost, with kills of the worker: nothing lost, nothing twice, one end state."""

import random
import time

import pytest
from playwright.sync_api import expect
from settlement_world import SettlementWorld

from sandbox.server import SandboxServer
from servers import log_in

INVOICES = 45


@pytest.fixture(scope="module")
def world(odoo_server):
    with SandboxServer(seed=11) as sandbox:
        yield SettlementWorld(odoo_server("settlements"), sandbox, INVOICES)


def test_killed_shuffled_doubled_and_lost_ends_as_the_gateway_has_it(world):
    server = world.server
    world.live_a_month()
    told = world.deliver(order="shuffled", copies=2, skip=9, parallel=4, seed=3)
    assert len(told["lost"]) == 9
    dice = random.Random(5)
    for _kill in range(3):
        # Not a wait for a condition: the moment of the kill is what the seed decides.
        time.sleep(dice.uniform(1.0, 4.0))
        server.kill()
        server.start()
    server.wait_for(lambda: len(world.statuses()) == told["messages"], "the webhooks")

    def over():
        waiting = world.exchanges()
        if waiting.keys() <= {"done"} and not world.unproven():
            return world.held() == world.truth()
        world.server.sweep()
        world.fetch()
        return False

    world.fetch()
    server.wait_for(over, "all events to be worked on", seconds=420)
    assert world.held() == world.truth()
    assert world.doubled() == []
    # All was paid out, but what came back with the second payout is on its way again with the third.
    clearing, transit = world.balances()
    assert clearing == 0
    assert transit == sum(
        amount
        for state, amount, _gross, _fees in world.truth()["payouts"].values()
        if state == "paid"
    )
    states = world.invoice_states()
    assert sum(count for count, _residual in states.values()) == INVOICES
    refunded = world.truth()["refunds"]["eur"]["amount"]
    disputed = world.truth()["disputes"]["eur"]["amount"]
    assert sum(residual for _count, residual in states.values()) == refunded + disputed


def test_webhook_that_is_not_proven_is_refused_and_stored_nowhere(world):
    before = sum(world.exchanges().values())
    world.pay([0])
    for how in ({"age": 301}, {"age": -400}, {"secret": "whsec_of_somebody_else"}):
        world.deliver(**how)
        statuses = world.server.wait_for(world.statuses, "an answer")
        assert set(statuses) == {401}, how
        world.pay([0])
    assert sum(world.exchanges().values()) == before


def test_timeline_on_an_invoice_and_proof_of_a_payout_in_the_browser(world, chromium):
    # An invoice that was paid once: of several payments the list is shown.
    [(invoice, refund)] = world.server.sql(
        """SELECT link.account_move_id, refund.external_id
             FROM treasury_settlement refund
             JOIN treasury_settlement_invoice_rel link ON link.treasury_settlement_id = refund.parent_id
            WHERE refund.kind = 'refund' AND refund.state = 'succeeded'
              AND (SELECT count(*) FROM treasury_settlement_invoice_rel other
                    WHERE other.account_move_id = link.account_move_id) = 1
            ORDER BY refund.id LIMIT 1"""
    )
    page = chromium.new_page(base_url=world.server.url)
    log_in(page)
    page.goto(f"/odoo/action-account.action_move_out_invoice_type/{invoice}")
    page.locator("button[name=action_open_treasury_settlements]").click()
    timeline = page.locator(".o_field_widget[name=timeline_ids] .o_data_row")
    for told in ("Payment ch_", f"Refund {refund}", "Payout po_"):
        expect(timeline.filter(has_text=told).first).to_be_visible()
    expect(page.locator(".o_field_widget[name=fee]")).not_to_be_empty()
    page.goto("/odoo/finance-payouts")
    failed = page.locator(".o_data_row", has_text="Failed")
    expect(failed).to_have_count(1)
    failed.locator(".o_data_cell").nth(1).click()
    expect(page.locator(".alert-success")).to_contain_text("Proven")
    expect(page.locator(".o_field_widget[name=clearing_balance]")).to_contain_text("0.00")
    expect(page.locator(".o_field_widget[name=row_ids] .o_data_row").first).to_be_visible()
    expect(page.locator(".o_field_widget[name=reversal_id]")).not_to_be_empty()
    page.close()
