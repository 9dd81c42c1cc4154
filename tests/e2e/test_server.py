"""The bare ground the other tests stand on."""


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
    page = chromium.new_page()
    page.goto(f"{server.url}/web/login")
    page.fill("input[name=login]", "admin")
    page.fill("input[name=password]", "admin")
    page.click("button[type=submit]")
    page.wait_for_selector(".o_main_navbar")
    assert server.bad_lines() == []
