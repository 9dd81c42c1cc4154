from datetime import date, timedelta
from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.bank_statement_api.adapters import plaid, ponto
from odoo.addons.finance_connector_base.tools.errors import FinalError

from .adapter_case import NOW, AdapterCase

YESTERDAY = date(2026, 3, 3)


@tagged("post_install", "-at_install")
class TestAdaptersFetch(AdapterCase):
    """What each bank's interface says is taken whole, in its order and with its end, or not at all."""

    def test_plaid_that_has_not_read_the_account_yet_has_not_said_that_it_is_empty(self):
        feed = self.make_feed("plaid")
        for page in (
            self.plaid_page(next_cursor=""),
            self.plaid_page(transactions_update_status="NOT_READY"),
        ):
            with self.answering(lambda *asked, page=page: (200, page)):
                feed._job_fetch()
            self.assertEqual((feed.failure_count, feed.sync_cursor), (0, False))
            self.assertFalse(self.exchanges(feed))
        partly = self.plaid_page(transactions_update_status="INITIAL_UPDATE_COMPLETE")
        with self.answering(lambda *asked: (200, partly)):
            feed._job_fetch()
        self.assertEqual((feed.sync_cursor, feed.covered_until), ("c", False))
        self.assertFalse(self.exchanges(feed), "nothing changed")
        with self.answering(lambda *asked: (200, self.plaid_page())):
            feed._job_fetch()
        self.assertEqual(feed.covered_until, YESTERDAY)

    def test_plaid_that_changed_while_it_was_read_is_read_from_the_same_place(self):
        feed = self.make_feed("plaid")
        cursors = []
        changed = (400, {"error_code": "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION"})

        def answer(_method, path, values, *, times):
            if path != "transactions/sync":
                return 200, self.plaid_page()
            cursors.append(values.get("cursor"))
            if values.get("cursor") != "p1":
                return 200, self.plaid_page(["t1"], next_cursor="p1", has_more=True)
            if cursors.count("p1") <= times:
                return changed
            return 200, self.plaid_page(["t2"], next_cursor="end")

        with self.answering(lambda *asked: answer(*asked, times=99)):
            feed._job_fetch()
        self.assert_nothing(feed, "changed again and again")
        self.assertEqual(cursors, [None, "p1"] * plaid.MAX_RESTARTS)
        cursors.clear()
        with self.answering(lambda *asked: answer(*asked, times=1)):
            feed._job_fetch()
        self.assertEqual((cursors, feed.sync_cursor), ([None, "p1"] * 2, "end"))
        self.exchanges(feed)._job_process()
        self.assertEqual(sorted(self.lines().mapped("payment_ref")), ["t1", "t2"])

    def test_plaid_says_with_the_item_that_access_has_ended(self):
        feed = self.make_feed("plaid")
        ended = self.plaid_page(item={"error": {"error_code": "USER_PERMISSION_REVOKED"}})
        with self.answering(lambda *asked: (200, ended)):
            feed._job_fetch()
        self.assert_nothing(feed, "no longer lets the account be read")
        self.assertEqual(feed.consent_id.state, "revoked")
        with self.answering(lambda *asked: (200, ended)):
            feed.consent_id.with_user(self.manager).action_refresh()
        self.assertEqual(feed.consent_id.state, "revoked")

    def ponto(self, feed, account, synchronization=None):
        """Fetch from Ponto.

        :return: paths that were asked for, with their method
        """

        def answer(_method, path, _values):
            if path == "accounts/acc":
                return 200, account
            if path.startswith("synchronizations") and "updated" not in path:
                return 200, {"data": synchronization}
            return 200, {"data": []}

        with self.answering(answer) as asked, patch.object(ponto, "_PATIENCE", ()):
            feed._job_fetch()
        return [(method, path) for method, path, _token in asked]

    def test_ponto_is_read_when_it_has_brought_the_account_up_to_date(self):
        feed = self.make_feed("ponto")
        started = ("POST", "synchronizations")
        running = {"id": "s2", "attributes": {"status": "running"}}
        asked = self.ponto(feed, self.ponto_account(status="error"), running)
        self.assertIn(started, asked)
        self.assertEqual((feed.failure_count, feed.sync_cursor), (0, False))
        self.assertFalse(self.exchanges(feed))
        asked = self.ponto(feed, self.ponto_account(reached=NOW - timedelta(days=2)))
        self.assertNotIn(started, asked, "it was brought up to date since the last fetch")
        self.assertEqual(feed.sync_cursor, "s1")
        self.assertEqual(feed.covered_until, YESTERDAY - timedelta(days=2))
        done = {"id": "s3", "attributes": {"status": "success"}}
        self.assertIn(started, self.ponto(feed, self.ponto_account(), done))
        self.assertEqual((feed.sync_cursor, feed.covered_until), ("s3", YESTERDAY))

    def test_ponto_that_could_not_ask_the_bank_has_said_nothing(self):
        def failed(code):
            return {"id": "s2", "attributes": {"status": "error", "errors": [{"code": code}]}}

        for synchronization, account, word, state in (
            (failed("bankUnavailable"), {"status": "error"}, "bankUnavailable", "valid"),
            (failed("authorizationRequired"), {"status": "error"}, "no longer", "expired"),
            (None, {"deprecated": True}, "no longer", "revoked"),
        ):
            feed = self.make_feed("ponto")
            with self.subTest(word, state=state):
                self.ponto(feed, self.ponto_account(**account), synchronization)
                self.assert_nothing(feed, word)
                self.assertEqual(feed.consent_id.state, state)

    def test_ponto_consent_ends_with_the_banks_own(self):
        feed = self.make_feed("ponto")
        consent = feed.consent_id
        consent.sudo().external_ref = "reauthorization:acc"
        for until, state in (("2026-03-04", "valid"), ("2026-03-03", "expired")):
            account = self.ponto_account(authorizationExpirationExpectedAt=f"{until}T12:00:00.000Z")
            with self.answering(lambda *asked, account=account: (200, account)):
                consent.with_user(self.manager).action_refresh()
            self.assertEqual(consent.state, state)

    def gocardless(self, feed, account=None, balances=(200, {"balances": []}), transactions=None):
        transactions = transactions or {
            "transactions": {
                "booked": [
                    {
                        "internalTransactionId": "t1",
                        "bookingDate": "2026-03-03",
                        "transactionAmount": {"currency": "EUR", "amount": "5.00"},
                    }
                ]
            }
        }

        def answer(_method, path, _values):
            if "transactions" in path:
                return 200, transactions
            return balances if "balances" in path else (200, account or {"status": "READY"})

        with self.answering(answer):
            feed._job_fetch()

    def test_gocardless_account_that_cannot_be_read_is_not_empty(self):
        for status, state in (("EXPIRED", "expired"), ("SUSPENDED", "revoked")):
            feed = self.make_feed("gocardless")
            with self.subTest(status):
                self.gocardless(feed, {"status": status})
                self.assert_nothing(feed, "no longer lets")
                self.assertEqual(feed.consent_id.state, state)

    def test_gocardless_answer_that_lists_nothing_is_not_empty(self):
        feed = self.make_feed("gocardless")
        self.gocardless(feed, transactions={"summary": "Not now"})
        self.assert_nothing(feed, "is not a page of transactions")

    def test_gocardless_bookings_are_worth_having_without_balances_but_not_after_an_error(self):
        feed = self.make_feed("gocardless")
        self.gocardless(feed, balances=(503, {}))
        self.assertFalse(self.exchanges(feed))
        self.assertTrue(feed.last_error)
        spent = self.make_feed("gocardless")
        self.gocardless(spent, balances=(429, {}))
        self.exchanges(spent)._job_process()
        self.assertEqual(self.lines().amount, 5.0)

    def test_gocardless_consent_is_what_its_status_says(self):
        consent = self.make_feed("gocardless").consent_id
        with self.assertRaises(FinalError) as refused:
            consent.with_user(self.manager).action_request()
        self.assertEqual(refused.exception.code, "consent_incomplete")
        consent.holder_ref = "BANK"
        for link in ("javascript:alert(1)", None):
            with (
                self.subTest(link),
                self.answering(lambda *asked, link=link: (200, {"id": "r", "link": link})),
                self.assertRaises(FinalError),
            ):
                consent.with_user(self.manager).action_request()
        with (
            self.answering(lambda *asked: (200, {"status": "??"})),
            self.assertRaises(FinalError),
        ):
            consent.with_user(self.manager).action_refresh()
        self.assertEqual(consent.state, "valid", "nothing was said")
        with self.answering(lambda *asked: (200, {"status": "EX"})):
            consent.with_user(self.manager).action_refresh()
        self.assertEqual(consent.state, "expired")

    def test_gocardless_consent_ends_when_its_agreement_does(self):
        consent = self.make_feed("gocardless").consent_id
        consent.sudo().requested_ref = "r1"
        answer = {
            "status": "LN",
            "agreement": "a1",
            "accepted": "2026-03-04T09:00:00Z",
            "access_valid_for_days": 30,
        }
        with self.answering(lambda *asked: (200, answer)):
            consent.with_user(self.manager).action_refresh()
        self.assertEqual((consent.state, consent.granted_until), ("valid", date(2026, 4, 3)))

    def test_isabel_files_are_stored_whole_oldest_first_and_once(self):
        feed = self.make_feed(
            "isabel", kind="files", journal_id=False, filename_pattern="*.cod", sync_cursor=False
        )
        contents = {"new": b"new", "old": b"old", "other": b"x"}
        cut = {"new"}

        def report(name, minute, suffix="cod"):
            moment = f"2026-03-04T08:{minute:02d}:00+00:00"
            attributes = {
                "fileName": f"{name}.{suffix}",
                "receivedAt": moment,
                "fileSize": len(contents[name]),
            }
            return {"id": name, "attributes": attributes}

        reports = [report("other", 59, "xml"), report("new", 30), report("old", 10)]

        def answer(_method, path, _values):
            if "?" in path:
                paging = {"offset": 0, "total": len(reports)}
                return 200, {"data": reports, "meta": {"paging": paging}}
            name = path.rpartition("/")[2]
            return 200, contents[name][: 1 if name in cut else None]

        with self.answering(answer):
            feed._job_fetch()
            self.assertIn("announced 3 bytes", feed.last_error)
            self.assertEqual([each._content() for each in self.exchanges(feed)], [b"old"])
            self.assertEqual(feed.sync_cursor, "2026-03-04T08:10:00+00:00")
            cut.clear()
            for _time in range(2):
                feed._job_fetch()
        self.assertFalse(feed.last_error)
        self.assertEqual([each._content() for each in self.exchanges(feed)], [b"old", b"new"])

    def test_isabel_pages_are_read_until_what_is_known(self):
        feed = self.make_feed("isabel", kind="files", journal_id=False)
        feed.sudo().sync_cursor = "2026-03-04T08:00:00+00:00"
        moments = [f"2026-03-04T{hour:02d}:00:00+00:00" for hour in (8, 8, 7, 6)]

        def answer(_method, path, _values):
            if "?" not in path:
                return 200, path.encode()
            offset = int(path.partition("offset]=")[2].partition("&")[0])
            page = [
                {"id": f"r{place}", "attributes": {"receivedAt": moment}}
                for place, moment in list(enumerate(moments))[offset : offset + 1]
            ]
            return 200, {"data": page, "meta": {"paging": {"offset": offset, "total": 4}}}

        with self.answering(answer) as asked:
            feed._job_fetch()
        self.assertEqual(len(self.exchanges(feed)), 2, "two may have come in the same second")
        self.assertEqual(sum("?" in path for _method, path, _token in asked), 3)
