"""What has been handed over: per channel and account, for a comparison with somebody's books."""

from collections import defaultdict

from sandbox import money
from sandbox.router import json_response


class Served:
    """Counts booked entries once their whole answer or file has left the house."""

    def __init__(self, world):
        self._world = world
        self._bookings = defaultdict(dict)
        self._deliveries = defaultdict(int)
        self._parcels = defaultdict(int)

    def add_routes(self, router):
        """Offer ``GET /control/served``."""
        router.add("GET", "/control/served", self._get)

    def record(self, channel, account, bookings):
        """Remember one complete answer or file of ``channel`` with ``bookings`` of ``account``."""
        with self._world.lock:
            key = channel, account.code
            self._parcels[key] += 1
            self._deliveries[key] += len(bookings)
            self._bookings[key].update({item.transaction_id: item for item in bookings})

    def _sum(self, bookings, with_ids):
        dates = [item.booking_date.isoformat() for item in bookings.values()]
        return {
            "transactions": len(bookings),
            "sum": money.to_text(sum(item.amount for item in bookings.values())),
            "first": min(dates, default=None),
            "last": max(dates, default=None),
            **({"ids": sorted(bookings)} if with_ids else {}),
        }

    def _get(self, request):
        with_ids = "ids" in request.query
        accounts, totals = {}, defaultdict(int)
        count = 0
        for code, account in self._world.accounts.items():
            union, row = {}, {"currency": account.currency}
            used = [channel for channel, served in self._parcels if served == code]
            for channel in dict.fromkeys((*account.channels, *used)):
                key = channel, code
                union.update(self._bookings[key])
                row[channel] = {
                    **self._sum(self._bookings[key], with_ids),
                    "deliveries": self._deliveries[key],
                    "parcels": self._parcels[key],
                }
            row["unique"] = self._sum(union, with_ids)
            accounts[code] = row
            count += len(union)
            totals[account.currency] += sum(item.amount for item in union.values())
        return json_response(200, {
            "accounts": accounts,
            "totals": {
                "transactions": count,
                "sum": {currency: money.to_text(totals[currency]) for currency in sorted(totals)},
            },
        })  # fmt: skip
