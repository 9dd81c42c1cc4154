"""A run of Odoo's tests that looks fine and is not must count as failed."""

from lib import results

PREFIX = "2026-11-20 10:00:00,000 42"
FINE = f"{PREFIX} INFO db odoo.tests.result: 0 failed, 0 error(s) of 12 tests when loading database 'db' \n"


def _read(tmp_path, text, *, code=0, at_least=12):
    log = tmp_path / "odoo.log"
    log.write_text(text)
    return results.from_odoo(log, code, at_least=at_least)


def test_clean_run_counts_its_tests(tmp_path):
    assert str(_read(tmp_path, FINE)) == "12 passed, 0 failed, 0 skipped"


def test_skipped_tests_are_not_passed(tmp_path):
    skip = f"{PREFIX} INFO db odoo.addons.web.tests.test_js: skipped test_x (odoo.addons) : no browser\n"
    assert str(_read(tmp_path, skip + FINE)) == "11 passed, 0 failed, 1 skipped"


def test_zero_failed_with_an_exit_code_fails(tmp_path):
    result = _read(tmp_path, FINE, code=1)
    assert result.failed == 1
    assert "exit code 1" in result.complaints[0]


def test_fewer_tests_than_there_are_fails(tmp_path):
    result = _read(tmp_path, FINE, at_least=13)
    assert result.failed == 1
    assert "12 tests ran and there are 13" in result.complaints[0]


def test_run_that_broke_off_before_its_tests_fails(tmp_path):
    result = _read(tmp_path, f"{PREFIX} INFO db odoo.modules.loading: Modules loaded. \n")
    assert result.failed == 1


def test_warning_in_the_log_fails(tmp_path):
    warning = f"{PREFIX} WARNING db odoo.addons.finance_connector_base: something is odd \n"
    result = _read(tmp_path, warning + FINE)
    assert result.failed == 1
    assert "something is odd" in result.complaints[0]


def test_repeated_transaction_of_odoo_is_tolerated_and_other_bad_queries_are_not(tmp_path):
    bad, lost = f"{PREFIX} ERROR db odoo.sql_db: bad query: ", "ERROR: could not serialize access\n"
    for query in (
        "b'UPDATE \"ir_cron\" SET lastcall = now()'",
        "INSERT INTO res_users_log (create_uid) VALUES (1)",
        "SELECT id\n FROM queue_job WHERE id = 1 FOR UPDATE",
    ):
        assert _read(tmp_path, f"{bad}{query}\n{lost}{FINE}").failed == 0
        assert _read(tmp_path, f"{bad}{query}\nERROR: division by zero\n{FINE}").failed == 1
    for query in (
        'UPDATE "finance_exchange" SET work_status = (SELECT 1 FROM ir_cron)',
        "INSERT INTO account_move (id) VALUES (1)",
        "SELECT id FROM bank_statement_feed JOIN ir_cron ON true FOR UPDATE",
    ):
        assert _read(tmp_path, f"{bad}{query}\n{lost}{FINE}").failed == 1


def test_failed_tests_are_counted_and_shown(tmp_path):
    failure = f"{PREFIX} ERROR db odoo.addons.x.tests.test_y: FAIL: TestY.test_z\nAssertionError: 1 != 2\n"
    summary = FINE.replace("0 failed, 0 error(s)", "1 failed, 1 error(s)")
    result = _read(tmp_path, failure + summary, code=1)
    assert str(result) == "10 passed, 2 failed, 0 skipped"
    assert "AssertionError: 1 != 2" in result.complaints[0]


def test_pytest_that_collects_nothing_fails(tmp_path):
    result = results.from_junit(tmp_path / "missing.xml", 5, "no tests ran")
    assert result.failed == 1


def test_test_methods_are_counted_from_the_files(tmp_path):
    path = tmp_path / "test_a.py"
    path.write_text(
        "class A:\n  def test_1(self): pass\n  def help(self): pass\n  def test_2(self): pass\n"
    )
    assert results.count_tests([path]) == 2
