"""Berlin Group NextGenPSD2 1.3.11: consents, their authorisation by the account owner, and their quota."""

import html
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta

from sandbox.nextgenpsd2 import problem
from sandbox.router import Response, json_response
from sandbox.world import ENTITIES

#: A bank grants access for at most so many days (RTS on SCA, 180 days).
LONGEST_VALIDITY = timedelta(days=180)
_REQUIRED = (
    "access",
    "recurringIndicator",
    "validUntil",
    "frequencyPerDay",
    "combinedServiceIndicator",
)


@dataclass
class Consent:
    """An account owner's permission.

    :param accounts: codes of the accounts it opens.
    :param calls: (endpoint, account code, day) -> calls without the user being present.
    """

    identification: str
    access: dict
    accounts: frozenset
    recurring: bool
    valid_until: date
    frequency: int
    redirect: str
    nok_redirect: str
    last_action: date
    status: str = "received"
    calls: Counter = field(default_factory=Counter)


class Consents:
    """Creates, authorises, checks and ends consents."""

    def __init__(self, world, guard):
        self._world = world
        self._guard = guard
        self._consents = {}
        self._answers = {}

    def add_routes(self, router):
        """Offer ``/v1/consents`` and the page on which the account owner decides."""
        self._guard.add(router, "POST", "/v1/consents", self._create)
        self._guard.add(router, "GET", "/v1/consents/{id}", self._show)
        self._guard.add(router, "GET", "/v1/consents/{id}/status", self._show_status)
        self._guard.add(router, "DELETE", "/v1/consents/{id}", self._terminate)
        router.add("GET", "/sca/{id}", self._decide)

    def require(self, request, endpoint=None, account=None, counts=True):
        """Return the consent this request runs under.

        :param endpoint: name under which the call counts towards the quota.
        :param account: the account asked for.
        :param counts: False for further pages of a call that was counted.
        :raise ProblemError: unknown, not authorised, expired, for other accounts, or used up for today.
        """
        identification = request.headers.get("Consent-ID")
        if not identification:
            raise problem(400, "FORMAT_ERROR", "Consent-ID is missing.", "Consent-ID")
        consent = self._find(identification)
        if consent.status == "expired":
            raise problem(401, "CONSENT_EXPIRED", "The consent has expired; ask for a new one.")
        if consent.status != "valid":
            raise problem(401, "CONSENT_INVALID", f"The consent is {consent.status}, not valid.")
        if account is not None and account.code not in consent.accounts:
            raise problem(401, "CONSENT_INVALID", "The consent does not cover this account.")
        if counts and not request.headers.get("PSU-IP-Address"):
            self._count(consent, (endpoint, account and account.code, self._world.now.date()))
        return consent

    def _count(self, consent, key):
        if consent.calls[key] >= consent.frequency:
            raise problem(
                429, "ACCESS_EXCEEDED", f"{consent.frequency} calls a day without the user."
            )
        consent.calls[key] += 1
        consent.last_action = self._world.now.date()

    def expire(self, body):
        """Let one consent (``consent_id``) or all of them expire now."""
        wanted = body.get("consent_id")
        chosen = [item for key, item in self._consents.items() if wanted in (None, key)]
        for consent in chosen:
            consent.status = "expired"
        return {"expired": [consent.identification for consent in chosen]}

    def _find(self, identification):
        consent = self._consents.get(identification)
        if consent is None:
            raise problem(403, "CONSENT_UNKNOWN", "No such consent.")
        if consent.status in ("received", "valid") and consent.valid_until < self._world.now.date():
            consent.status = "expired"
        return consent

    def _create(self, request):
        request_id = request.headers["X-Request-ID"]
        if request_id not in self._answers:
            self._answers[request_id] = self._grant(request)
        consent = self._answers[request_id]
        home = f"/v1/consents/{consent.identification}"
        return json_response(
            201,
            {
                "consentStatus": consent.status,
                "consentId": consent.identification,
                "_links": {
                    "scaRedirect": {"href": f"{request.base_url}/sca/{consent.identification}"},
                    "self": {"href": home},
                    "status": {"href": f"{home}/status"},
                },
            },
            {"Location": home, "ASPSP-SCA-Approach": "REDIRECT"},
        )

    def _grant(self, request):
        body = request.json()
        for name in _REQUIRED:
            if name not in body:
                raise problem(400, "FORMAT_ERROR", f"{name} is missing.", name)
        frequency = body["frequencyPerDay"]
        if not isinstance(frequency, int) or frequency < 1:
            raise problem(
                400, "FORMAT_ERROR", "frequencyPerDay must be 1 or more.", "frequencyPerDay"
            )
        access = body["access"]
        if not isinstance(access, dict) or not access:
            raise problem(400, "FORMAT_ERROR", "access names no accounts.", "access")
        consent = Consent(
            identification=self._world.serial("consent", length=32),
            access=access,
            accounts=self._accounts(access, request.headers.get("PSU-ID")),
            recurring=bool(body["recurringIndicator"]),
            valid_until=self._valid_until(body["validUntil"]),
            frequency=min(frequency, self._world.settings["max_frequency_per_day"]),
            redirect=request.headers.get("TPP-Redirect-URI", ""),
            nok_redirect=request.headers.get("TPP-Nok-Redirect-URI", ""),
            last_action=self._world.now.date(),
        )
        self._consents[consent.identification] = consent
        return consent

    def _valid_until(self, text):
        today = self._world.now.date()
        try:
            wanted = date.fromisoformat(text)
        except (TypeError, ValueError) as error:
            raise problem(
                400, "FORMAT_ERROR", "validUntil must be a date.", "validUntil"
            ) from error
        if wanted < today:
            raise problem(
                400, "FORMAT_ERROR", f"validUntil is before today, {today}.", "validUntil"
            )
        return min(wanted, today + LONGEST_VALIDITY)

    def _accounts(self, access, owner):
        if owner not in (None, *ENTITIES):
            raise problem(401, "PSU_CREDENTIALS_INVALID", f"No customer {owner}.", "PSU-ID")
        owned = [
            item
            for item in self._world.accounts.values()
            if "api" in item.channels and owner in (None, item.entity)
        ]
        try:
            named = {
                reference["iban"]
                for kind in ("accounts", "balances", "transactions")
                for reference in access.get(kind) or []
            }
        except (KeyError, TypeError) as error:
            raise problem(400, "FORMAT_ERROR", "Name accounts by iban.", "access") from error
        unknown = named - {item.iban for item in owned}
        if unknown:
            raise problem(400, "FORMAT_ERROR", f"No account {min(map(str, unknown))}.", "access")
        return frozenset(item.code for item in owned if not named or item.iban in named)

    def _show(self, request):
        consent = self._find(request.params["id"])
        return json_response(
            200,
            {
                "access": consent.access,
                "recurringIndicator": consent.recurring,
                "validUntil": consent.valid_until.isoformat(),
                "frequencyPerDay": consent.frequency,
                "lastActionDate": consent.last_action.isoformat(),
                "consentStatus": consent.status,
            },
        )

    def _show_status(self, request):
        return json_response(200, {"consentStatus": self._find(request.params["id"]).status})

    def _terminate(self, request):
        self._find(request.params["id"]).status = "terminatedByTpp"
        return Response(204)

    def _decide(self, request):
        """The page the account owner lands on; opening it is the decision, there is no login."""
        consent = self._find(request.params["id"])
        accept = request.query.get("decision") != "reject"
        if consent.status == "received":
            consent.status = "valid" if accept else "rejected"
        back = consent.redirect if consent.status == "valid" else consent.nok_redirect
        link = ""
        if back.startswith(("http://", "https://")):
            link = f'<p><a href="{html.escape(back)}">Return to your application</a></p>'
        page = (
            "<!DOCTYPE html><html lang=en><meta charset=utf-8><title>Sandbank</title>"
            f"<h1>Sandbank</h1><p>The consent is <strong>{consent.status}</strong>.</p>{link}</html>"
        )
        return Response(200, page.encode(), {"Content-Type": "text/html; charset=utf-8"})
