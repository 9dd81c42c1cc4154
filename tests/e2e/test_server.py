"""The bare ground the other tests stand on."""

from servers import log_in


def test_server_rpc_and_queue_answer(odoo_server):
    server = odoo_server("ground")
    assert server.rpc().env["res.users"].search_count([("login", "=", "admin")]) == 1
    server.wait_for(lambda: server.log_has("queue job runner ready"), "the queue's runner")
    server.kill()
    server.start()
    assert server.sql("SELECT count(*) FROM res_company") == [(1,)]
    assert server.shell("print(env.company.name)") == "My Company"
    assert server.bad_lines() == []


def test_browser_logs_in(odoo_server, chromium):
    server = odoo_server("browser")
    log_in(chromium.new_page(base_url=server.url))
    assert server.bad_lines() == []
