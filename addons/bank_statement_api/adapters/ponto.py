import time
import uuid
from datetime import timedelta

from odoo import api, fields, models

from odoo.addons.bank_statement_api.tools import api_bodies, ponto
from odoo.addons.bank_statement_api.tools.fetched import Fetched
from odoo.addons.bank_statement_api.tools.nextgenpsd2 import loads
from odoo.addons.finance_connector_base.tools.errors import BusinessError, RetryableError

from .ibanity import MAX_PAGES, MEDIA_TYPE

PAGE_SIZE = 100
# Seconds between two looks at a synchronisation; one that takes longer is looked at by the next fetch.
_PATIENCE = (0.2, 0.5, 1, 2, 4)
_NOT_READY_SECONDS = 60.0
_SUBTYPE = "accountTransactionsWithUnsettled"
_REAUTHORIZATION = "reauthorization:"


class FinanceAdapterPonto(models.AbstractModel):
    """Account information over Ponto Connect of Ibanity.

    A fetch lets Ponto bring the account up to date with the bank, then reads the days of the feed's window, what the
    synchronisation changed before them, and what is pending.
    """

    _name = "finance.adapter.ponto"
    _inherit = ["bank.statement.ibanity", "finance.adapter"]
    _description = "Adapter of Ponto Connect"

    _adapter_label = "Ponto Connect (Ibanity)"
    _capabilities = frozenset(
        {"fetch_statements", "fetch_balances", "receive_webhooks", "notify_feeds"}
    )
    _suggestions = {
        "endpoint": "https://api.ibanity.com/ponto-connect",
        "token_url": "https://api.ibanity.com/ponto-connect/oauth2/token",
        "oauth_scope": "ai offline_access",
    }

    @api.model
    def _test_connection(self, connection):
        if not self._is_granted(connection):
            return self._test_certificate(connection)
        count = len(self._list_accounts(connection, None))
        return self.env._("Ponto lists %(count)s accounts for this connection.", count=count)

    # === STATEMENTS === #

    @api.model
    def _list_accounts(self, connection, consent):
        found, path = [], f"accounts?page[limit]={PAGE_SIZE}"
        for body in self._pages(connection, path, "accounts"):
            found += ponto.accounts(loads(body))
        return tuple(found)

    @api.model
    def _fetch_account(self, feed):
        connection, account_id = feed.connection_id, feed.resource_ref
        synchronization = self._synchronize(feed)
        body = self._call(
            connection, "GET", f"accounts/{account_id}", scope=f"accounts:{account_id}"
        ).body
        state = ponto.account_state(loads(body))
        date_from, date_to = feed._window()
        scope = f"transactions:{account_id}"
        path = f"accounts/{account_id}/%s?page[limit]={PAGE_SIZE}"
        updated = f"synchronizations/{synchronization}/updated-transactions?page[limit]={PAGE_SIZE}"
        content = api_bodies.pack(
            ponto.CODE,
            feed._account(),
            {
                "account": [body],
                "transactions": self._pages(
                    connection,
                    path % "transactions",
                    scope,
                    until=lambda items: ponto.is_before(items, date_from),
                ),
                "updated": self._pages(connection, updated, scope),
                "pending": self._pages(connection, path % "pending-transactions", scope),
            },
            date_from=date_from.isoformat(),
            date_to=date_to.isoformat(),
        )
        return Fetched(
            key=f"window:{feed.id}:{date_from}:{date_to}",
            content=content,
            covered_until=min(date_to, state.reached or date_to) - timedelta(days=1),
            # Which one was read last: what Ponto does by itself after it needs no asking for.
            cursor=synchronization,
            authorized_until=state.authorized_until,
        )

    @api.model
    def _synchronize(self, feed):
        """Let Ponto bring the account up to date, unless it did by itself after the feed was fetched last.

        :return: id of the synchronisation that did
        :raise RetryableError: ``not_ready``: it is still at it; ``synchronization_failed``
        """
        connection, account_id = feed.connection_id, feed.resource_ref
        state = ponto.account_state(
            self._document(
                connection, "GET", f"accounts/{account_id}", scope=f"accounts:{account_id}"
            )
        )
        if state.deprecated:
            raise self._consent_ended("consent_invalid")
        identifier, status = state.synchronization or (None, None)
        errors = ()
        is_new = status == "success" and identifier != feed._cursor()
        if status not in ("pending", "running") and not is_new:
            identifier, status, errors = ponto.synchronization(
                self._document(
                    connection,
                    "POST",
                    "synchronizations",
                    scope=f"synchronizations:{account_id}",
                    # The key lets a repetition be recognised; at worst the bank is asked twice.
                    idempotent=True,
                    headers={
                        "Content-Type": MEDIA_TYPE,
                        "ibanity-idempotency-key": str(uuid.uuid4()),
                    },
                    json={
                        "data": {
                            "type": "synchronization",
                            "attributes": {
                                "resourceType": "account",
                                "resourceId": account_id,
                                "subtype": _SUBTYPE,
                            },
                        }
                    },
                )
            )
        for pause in (*_PATIENCE, None):
            if status not in ("pending", "running") or pause is None:
                break
            time.sleep(pause)
            identifier, status, errors = ponto.synchronization(
                self._document(
                    connection,
                    "GET",
                    f"synchronizations/{identifier}",
                    scope=f"accounts:{account_id}",
                    counted=False,
                )
            )
        if status == "success":
            return identifier
        if status == "error":
            raise self._synchronization_failed(errors)
        raise RetryableError(
            "Ponto is still bringing the account up to date.",
            retry_after=_NOT_READY_SECONDS,
            code="not_ready",
        )

    @api.model
    def _synchronization_failed(self, codes):
        if any("authorization" in code.lower() for code in codes):
            return self._consent_ended("consent_expired")
        return RetryableError(
            f"The bank did not bring the account up to date ({', '.join(codes) or 'no reason given'}).",
            code="synchronization_failed",
        )

    @api.model
    def _pages(self, connection, path, scope, until=None):
        """The bodies of a list, page by page.

        :param until: says from the items of a page that nothing after it is wanted
        :rtype: list[bytes]
        :raise RetryableError: ``paging_endless``
        """
        bodies, seen = [], set()
        while path:
            if path in seen or len(bodies) >= MAX_PAGES:
                raise RetryableError(
                    "Ponto's pages do not come to an end.", code="paging_endless", retry_after=900.0
                )
            seen.add(path)
            response = self._call(connection, "GET", path, scope=scope, counted=not bodies)
            page = ponto.page(loads(response.body))
            bodies.append(response.body)
            path = None if until and until(page.items) else page.next_href
        return bodies

    # === CONSENT === #

    @api.model
    def _request_consent(self, consent, return_address, state):
        """A person's grant for this application; after it, the bank's consent for the account that ends first."""
        ending = consent.feed_ids.filtered("resource_ref").sorted(
            lambda feed: feed.authorized_until or fields.Date.today()
        )[:1]
        if consent.external_ref and ending:
            try:
                return self._reauthorize(consent, ending.resource_ref, return_address, state)
            except BusinessError as error:
                if error.code != "consent_expired":
                    raise
                # The grant itself has ended.
        return self._authorize(consent, return_address, state)

    @api.model
    def _reauthorize(self, consent, account_id, return_address, state):
        document = self._document(
            consent.connection_id,
            "POST",
            f"accounts/{account_id}/reauthorization-requests",
            scope="consents",
            headers={"Content-Type": MEDIA_TYPE, "ibanity-idempotency-key": str(uuid.uuid4())},
            json={
                "data": {
                    "type": "reauthorizationRequest",
                    "attributes": {"redirectUri": f"{return_address}?state={state}"},
                }
            },
        )
        return {
            "external_ref": f"{_REAUTHORIZATION}{account_id}",
            "state": "received",
            "valid_until": False,
            "redirect_url": ponto.redirect(document),
        }

    @api.model
    def _complete_consent(self, consent, external_ref, parameters, return_address):
        if external_ref.startswith(_REAUTHORIZATION):
            return {"state": self._consent_state(consent, external_ref)}
        return self._redeem(consent, external_ref, parameters, return_address)

    @api.model
    def _consent_state(self, consent, external_ref):
        if external_ref.startswith(_REAUTHORIZATION):
            path = f"accounts/{external_ref.removeprefix(_REAUTHORIZATION)}"
            state = ponto.account_state(
                self._document(consent.connection_id, "GET", path, scope="consents")
            )
            until = state.authorized_until
            return "valid" if not until or until >= fields.Date.today() else "expired"
        try:
            self._call(consent.connection_id, "GET", "accounts?page[limit]=1", scope="consents")
        except BusinessError as error:
            if error.code == "consent_expired":
                return "expired" if external_ref == consent.external_ref else "received"
            raise
        return "valid"

    # === NOTIFICATIONS === #

    @api.model
    def _read_notification(self, connection, document):
        return ponto.notification(document)
