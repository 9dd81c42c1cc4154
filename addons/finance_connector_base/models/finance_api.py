import re

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, UserError

from odoo.addons.finance_connector_base.exceptions import (
    FinanceApiConflict,
    FinanceApiError,
    FinanceApiNotFound,
)
from odoo.addons.finance_connector_base.tools.digest import sha256_hex
from odoo.addons.finance_connector_base.tools.errors import DuplicateKeyRace

_OPERATOR_GROUP = "finance_connector_base.group_finance_api_operator"
_MAX_PAGE = 200
# Printable ASCII without blanks at the ends: what survives every log, header and spreadsheet on its way.
_KEY = re.compile(r"[!-~](?:[ -~]{0,253}[!-~])?")
_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+(?:\s*;.{0,200})?", re.ASCII)


class FinanceApi(models.AbstractModel):
    """The door for external systems: they submit exchanges here, read their fate and work on their exceptions.

    A caller has the group *API Caller*, which gives access to nothing but the methods of this model, and reaches an
    interface only if the interface lists the caller and belongs to one of the caller's companies. Everything is named
    by its reference (``FX/2026/000001``) or code, never by a database id.
    """

    _name = "finance.api"
    _description = "Finance API for external systems"

    # === PUBLIC METHODS === #

    @api.model
    def submit(
        self,
        interface: str,
        idempotency_key: str,
        content: str,
        content_type: str = "application/json",
        encoding: str = "text",
        external_ref: str | None = None,
    ) -> dict:
        """Hand over one document, at most once.

        The content is stored, encrypted, before this method answers; it is processed afterwards. The same key with the
        same content is safe to submit again, for ever, and gets the answer as it is by then. The same key with other
        content is refused with HTTP 409 and ``FinanceApiConflict``; that content is kept as evidence on an exception
        for a person, and nothing is posted twice.

        Over JSON-2::

            POST /json/2/finance.api/submit
            Authorization: bearer <API key>

            {"interface": "erp.statement", "idempotency_key": "run-2026-11-23",
             "content": "<Document>...</Document>", "content_type": "application/xml"}

            200 {"exchange": "FX/2026/000042", "status": "ready", "milestone": "received",
                 "replayed": false, "result": null}

        Over JSON-RPC::

            execute_kw(db, uid, key, "finance.api", "submit",
                       ["erp.statement", "run-2026-11-23", "<Document>...</Document>"],
                       {"content_type": "application/xml"})

        :param str interface: code of an inbound interface that lists the caller, see ``list_interfaces``
        :param str idempotency_key: names this document for ever within the interface; 1 to 255 printable ASCII
            characters
        :param str content: the document, as text or as standard Base64
        :param str content_type: media type of the document
        :param str encoding: ``text``: the document is the UTF-8 form of ``content``; ``base64``: for anything else
        :param str external_ref: the caller's own reference, shown to people and given back by ``status``
        :return: ``exchange`` (its reference), ``status`` and ``milestone`` (where it is now), ``replayed`` (whether the
            key was known) and ``result`` (the answer of the interface, ``null`` until there is one)
        :raise FinanceApiError: an argument cannot be used (HTTP 422)
        :raise FinanceApiNotFound: the caller has no such interface (HTTP 404)
        :raise FinanceApiConflict: the key came before with other content (HTTP 409)
        :raise AccessError: the user is no API caller (HTTP 403)
        """
        found = self._find_interface(interface)
        if found.direction != "inbound":
            raise FinanceApiError(
                self.env._("interface: %s is outbound and takes no documents.", interface)
            )
        self._check_match(
            "idempotency_key", idempotency_key, _KEY, "1 to 255 printable ASCII characters"
        )
        self._check_match(
            "content_type", content_type, _MEDIA_TYPE, "a media type such as application/json"
        )
        if external_ref is not None:
            self._check_text("external_ref", external_ref)
        data = self._decode(content, encoding)
        exchanges = found.env["finance.exchange"]
        try:
            exchange, is_new = exchanges._receive(
                found,
                idempotency_key,
                data,
                source="api",
                content_type=content_type,
                external_ref=external_ref,
            )
        except DuplicateKeyRace as race:
            # Odoo repeats the whole call in a new transaction, which sees the other one's exchange.
            raise ConcurrencyError(str(race)) from race
        if not is_new and exchange._has_conflict(
            sha256_hex(found._handler()._digest_content(data))
        ):
            # The evidence has to outlive the error, which rolls the call's transaction back.
            exchange._checkpoint()
            raise FinanceApiConflict(
                self.env._(
                    "idempotency_key: %(key)s came before with other content, as %(exchange)s. Nothing was posted "
                    "again; a person will look at both.",
                    key=idempotency_key,
                    exchange=exchange.name,
                )
            )
        return {
            "exchange": exchange.name,
            "status": exchange.work_status,
            "milestone": exchange.milestone or None,
            "replayed": not is_new,
            "result": exchange.result or None,
        }

    @api.model
    def status(self, exchange: str) -> dict:
        """Where an exchange is now.

        ::

            POST /json/2/finance.api/status
            {"exchange": "FX/2026/000042"}

            200 {"exchange": "FX/2026/000042", "interface": "erp.statement", "direction": "inbound",
                 "status": "done", "milestone": "posted", "milestones": {"received": "2026-11-23T08:00:00Z", ...},
                 "due_at": null, "attempts": 1, "external_ref": null, "correlation_id": "6f9d...",
                 "digest": "9f86d0...", "result": {"lines": 12}, "open_exceptions": []}

        ``status`` is one of ``ready``, ``running``, ``waiting`` (for an acknowledgement), ``retry`` (at ``due_at``),
        ``exception`` (a person decides), ``unknown`` (sent, outcome not known), ``dead`` (retries used up, a person
        decides), ``done`` and ``cancelled``. ``milestone`` is the last thing that was proven. Times are UTC.

        :param str exchange: reference of an exchange of an interface that lists the caller
        :return: see above; ``digest`` is the SHA-256 of the content, ``open_exceptions`` has references
        :raise FinanceApiError: the argument is no text (HTTP 422)
        :raise FinanceApiNotFound: the caller has no such exchange (HTTP 404)
        """
        found = self._find_exchange(exchange)
        milestones = {
            milestone: self._time(found[f"date_{milestone}"])
            for milestone, _label in found._fields["milestone"].selection
            if found[f"date_{milestone}"]
        }
        return {
            "exchange": found.name,
            "interface": found.interface_id.code,
            "direction": found.direction,
            "status": found.work_status,
            "milestone": found.milestone or None,
            "milestones": milestones,
            "due_at": self._time(found.due_at),
            "attempts": found.attempt_count,
            "external_ref": found.external_ref or None,
            "correlation_id": found.correlation_id,
            "digest": found.digest or None,
            "result": found.result or None,
            "open_exceptions": found.exception_ids.filtered(
                lambda exception: exception.state in ("open", "in_progress")
            ).mapped("name"),
        }

    @api.model
    def timeline(self, exchange: str) -> list:
        """Everything that happened to an exchange, oldest first.

        ::

            POST /json/2/finance.api/timeline
            {"exchange": "FX/2026/000042"}

            200 [{"at": "2026-11-23T08:00:00Z", "action": "exchange.received", "by": "erp@example.com",
                  "summary": "..."}, ...]

        :param str exchange: reference of an exchange of an interface that lists the caller
        :return: list of ``at`` (UTC), ``action``, ``by`` (login of who did it) and ``summary``
        :raise FinanceApiError: the argument is no text (HTTP 422)
        :raise FinanceApiNotFound: the caller has no such exchange (HTTP 404)
        """
        found = self._find_exchange(exchange)
        events = found.env["finance.audit.event"].search(
            [("exchange_id", "=", found.id)], order="id"
        )
        return [
            {
                "at": self._time(event.event_time),
                "action": event.action,
                "by": event.user_login or None,
                "summary": event.summary or "",
            }
            for event in events
        ]

    @api.model
    def explain(self, exchange: str) -> dict:
        """The six questions of an auditor about an exchange: who initiated it, which system and version transformed it,
        who approved it, when it was delivered, whether the target acknowledged, how its exceptions were resolved.

        ::

            POST /json/2/finance.api/explain
            {"exchange": "FX/2026/000042"}

        :param str exchange: reference of an exchange of an interface that lists the caller
        :return: one entry a question
        :raise FinanceApiError: the argument is no text (HTTP 422)
        :raise FinanceApiNotFound: the caller has no such exchange (HTTP 404)
        """
        answers = self._find_exchange(exchange)._explain()
        return {
            name: answer | {"at": self._time(fields.Datetime.to_datetime(answer["at"]))}
            for name, answer in answers.items()
        }

    @api.model
    def list_interfaces(self) -> list:
        """The interfaces that list the caller.

        ::

            POST /json/2/finance.api/list_interfaces
            {}

            200 [{"interface": "erp.statement", "name": "Statements from the ERP", "company": "Alpenglut Trading AG",
                  "direction": "inbound", "mode": "live", "version": 3, "json_schema": null}]

        ``mode`` is ``live``, ``shadow`` (documents are processed, nothing is posted) or ``off`` (documents are stored
        and wait). ``json_schema`` is what the content must satisfy, where the interface has a schema.

        :return: list of interfaces, ordered by code
        :raise AccessError: the user is no API caller (HTTP 403)
        """
        return [
            {
                "interface": interface.code,
                "name": interface.name,
                "company": interface.company_id.name,
                "direction": interface.direction,
                "mode": interface.mode,
                "version": interface.active_version_id.number or None,
                "json_schema": interface.active_version_id.json_schema or None,
            }
            for interface in self._interfaces().sorted("code")
        ]

    @api.model
    def list_exceptions(
        self, filters: dict | None = None, limit: int = 80, offset: int = 0
    ) -> dict:
        """Exceptions of exchanges of the caller's interfaces, the most recent first.

        ::

            POST /json/2/finance.api/list_exceptions
            {"filters": {"interface": "erp.statement", "state": "open"}, "limit": 20}

            200 {"total": 1, "exceptions": [
                  {"exception": "EX/2026/000007", "exchange": "FX/2026/000042", "interface": "erp.statement",
                   "kind": "business", "code": "mapping_missing", "severity": "1", "state": "open",
                   "summary": "...", "next_step": "...", "opened_at": "2026-11-23T08:00:00Z",
                   "due_at": null, "resolution": null}]}

        :param dict | None filters: any of ``interface``, ``exchange``, ``kind`` (``technical``, ``business``),
            ``code``, ``severity`` (``"0"`` low to ``"3"`` critical) and ``state`` (``open``, ``in_progress``,
            ``resolved``, ``ignored``), each with one text value
        :param int limit: at most this many, 1 to 200
        :param int offset: after this many
        :return: ``total`` (without limit) and ``exceptions``
        :raise FinanceApiError: an argument cannot be used (HTTP 422)
        """
        self._check_number("limit", limit, 1, _MAX_PAGE)
        self._check_number("offset", offset, 0, None)
        interfaces = self._interfaces()
        domain = [
            ("exchange_id.interface_id", "in", interfaces.ids),
            *self._exception_domain(filters),
        ]
        exceptions = interfaces.env["finance.exception"]
        return {
            "total": exceptions.search_count(domain),
            "exceptions": [
                {
                    "exception": exception.name,
                    "exchange": exception.exchange_id.name,
                    "interface": exception.exchange_id.interface_id.code,
                    "kind": exception.kind,
                    "code": exception.code,
                    "severity": exception.severity,
                    "state": exception.state,
                    "summary": exception.summary,
                    "next_step": exception.next_step or "",
                    "opened_at": self._time(exception.create_date),
                    "due_at": self._time(exception.due_date),
                    "resolution": exception.resolution or None,
                }
                for exception in exceptions.search(
                    domain, limit=limit, offset=offset, order="id desc"
                )
            ],
        }

    @api.model
    def resolve_exception(self, exception: str, reason: str) -> dict:
        """Close an exception that was settled outside Odoo; its exchange goes on when it was the last one.

        Needs the group *API Operator*.

        ::

            POST /json/2/finance.api/resolve_exception
            {"exception": "EX/2026/000007", "reason": "Sent again as run-2026-11-23b"}

            200 {"exception": "EX/2026/000007", "state": "resolved", "exchange": "FX/2026/000042", "status": "done"}

        :param str exception: reference of an open exception of the caller's
        :param str reason: what was done, kept for the auditor
        :return: the states of the exception and of its exchange
        :raise FinanceApiError: the reason is empty, or the exception is closed (HTTP 422)
        :raise FinanceApiNotFound: the caller has no such exception (HTTP 404)
        :raise AccessError: the caller may not resolve (HTTP 403)
        """
        self._check_group(_OPERATOR_GROUP)
        interfaces = self._interfaces()
        self._check_text("exception", exception)
        self._check_text("reason", reason)
        found = interfaces.env["finance.exception"].search(
            [("exchange_id.interface_id", "in", interfaces.ids), ("name", "=", exception)]
        )
        if not found:
            raise FinanceApiNotFound(self.env._("exception: you have no exception %s.", exception))
        if found.state not in ("open", "in_progress"):
            raise FinanceApiError(self.env._("exception: %s is closed already.", exception))
        found.action_resolve(reason)
        return {
            "exception": found.name,
            "state": found.state,
            "exchange": found.exchange_id.name,
            "status": found.exchange_id.work_status,
        }

    @api.model
    def replay(self, exchange: str, dry_run: bool = True) -> dict:
        """Process the stored content of an inbound exchange again; the effect stays the same as of one run.

        Needs the group *API Operator*. A dry run says what would happen, and changes nothing.

        ::

            POST /json/2/finance.api/replay
            {"exchange": "FX/2026/000042", "dry_run": true}

            200 {"exchange": "FX/2026/000042", "dry_run": true, "status": "exception", "milestone": "validated",
                 "report": {"result": {"lines": 12}, "exceptions": []}}

        :param str exchange: reference of an exchange of an interface that lists the caller
        :param bool dry_run: only try
        :return: where the exchange is now, and as ``report`` what a dry run found (``null`` for a real one, which is
            queued: ask for ``status``)
        :raise FinanceApiError: an argument cannot be used, or the exchange cannot be replayed now (HTTP 422)
        :raise FinanceApiNotFound: the caller has no such exchange (HTTP 404)
        :raise AccessError: the caller may not replay (HTTP 403)
        """
        self._check_group(_OPERATOR_GROUP)
        if not isinstance(dry_run, bool):
            raise FinanceApiError(self.env._("dry_run: true or false is expected."))
        found = self._find_exchange(exchange)
        try:
            report = found._replay(dry_run=dry_run)
        except UserError as error:
            raise FinanceApiError(str(error)) from error
        return {
            "exchange": found.name,
            "dry_run": dry_run,
            "status": found.work_status,
            "milestone": found.milestone or None,
            "report": report if dry_run else None,
        }
