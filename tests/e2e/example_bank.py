"""The bank of the example adapter: a list of accounts and a statement a day, as JSON, for who shows the key."""

import datetime
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

KEY = "key-of-the-example-bank"


class ExampleBank:
    """Answers on a loopback port until it is closed.

    :ivar url: its address.
    :ivar amounts: what it has booked, one a day, the last one yesterday.
    """

    def __init__(self, iban, amounts):
        self.iban, self.amounts = iban, amounts
        bank = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                status, content = bank.answer(self.path, self.headers.get("Authorization"))
                body = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                """A test reads Odoo's log, not this one's."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path, authorization):
        """:return: status and document"""
        if authorization != f"Bearer {KEY}":
            return 401, {"error": "unknown key"}
        address = urlsplit(path)
        if address.path == "/accounts":
            account = {"id": "main", "iban": self.iban, "currency": "EUR", "name": "Main account"}
            return 200, {"accounts": [account]}
        if address.path == "/accounts/main/statements":
            asked = parse_qs(address.query)
            return 200, list(self.statements(asked["from"][0], asked["to"][0]))
        return 404, {"error": "unknown address"}

    def statements(self, date_from, date_to):
        """Yield the statement of each day that is asked for, and of no other."""
        opening = 1000
        for number, amount in enumerate(self.amounts):
            ago = datetime.timedelta(days=len(self.amounts) - number)
            day = (datetime.date.today() - ago).isoformat()
            balances = [
                {"type": code, "amount": f"{value}.00", "currency": "EUR", "date": day}
                for code, value in (("OPBD", opening), ("CLBD", opening + amount))
            ]
            opening += amount
            if date_from <= day <= date_to:
                yield {
                    "schema_version": 1,
                    "account": {"iban": self.iban, "currency": "EUR"},
                    "statement_id": day,
                    "opening": balances[0],
                    "closing": balances[1],
                    "balances": balances,
                    "transactions": [
                        {
                            "amount": f"{amount}.00",
                            "currency": "EUR",
                            "status": "booked",
                            "booking_date": day,
                            "account_servicer_ref": f"R{day}",
                        }
                    ],
                }
