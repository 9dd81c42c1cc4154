"""The public methods of the suite, which anybody with a log-in can call over RPC.

A method without a leading underscore that is not in this list fails ``test_surface``. Add it here once you have made
sure that it checks who calls: every one of them is tried as a caller, portal and public user and as another company's
manager.
"""

OWN_METHODS = {
    "account.bank.statement.line": {
        "action_match",
        "action_match_allocate",
        "action_match_ask",
        "action_match_ignore",
        "action_match_items",
        "action_match_postpone",
        "action_match_preview",
        "action_match_transfer",
        "action_match_undo",
        "action_match_write_off",
    },
    "account.journal": {"action_upload_bank_statement"},
    "bank.statement.consent": {"action_open_redirect", "action_refresh", "action_request"},
    "bank.statement.feed": {"action_fetch_now", "action_open_exceptions"},
    "bank.statement.match.lesson": {"action_accept", "action_refuse"},
    "bank.statement.match.proposal": {"action_accept"},
    "bank.statement.match.rule": {
        "action_activate",
        "action_backtest",
        "action_new_version",
        "action_propose",
        "action_retire",
    },
    "bank.statement.upload": {"action_upload"},
    "finance.api": {
        "explain",
        "list_exceptions",
        "list_interfaces",
        "replay",
        "resolve_exception",
        "status",
        "submit",
        "timeline",
    },
    "finance.audit.event": {"action_open_record"},
    "finance.audit.seal": {"action_verify"},
    "finance.connection": {"action_ask_host_key", "action_test_connection"},
    "finance.connection.host.key": {"action_trust"},
    "finance.dashboard": {"get_overview"},
    "finance.exception": {
        "action_assign",
        "action_fix_mapping",
        "action_ignore",
        "action_open_record",
        "action_open_runbook",
        "action_replay",
        "action_resolve",
        "action_retry",
        "action_take",
    },
    "finance.exception.close": {"action_confirm"},
    "finance.exception.fix.mapping": {"action_apply"},
    "finance.exception.fix.mapping.suggestion": {"action_choose"},
    "finance.exchange": {
        "action_cancel",
        "action_open_cancel",
        "action_open_exceptions",
        "action_open_record",
        "action_replay",
        "action_replay_dry_run",
        "action_retry",
        "action_show_dry_run",
        "action_take_over",
    },
    "finance.exchange.cancel": {"action_confirm"},
    "finance.exchange.dry.run": {"action_replay"},
    "finance.instance": {"action_end_recovery"},
    "finance.interface": {
        "action_new_version",
        "action_set_live",
        "action_set_off",
        "action_set_shadow",
    },
    "finance.interface.version": {"action_activate", "action_propose", "action_withdraw"},
    "finance.mapping.batch": {"action_take", "action_withdraw"},
    "finance.mapping.import": {"action_check", "action_import"},
    "finance.mapping.table": {"action_export", "action_import"},
    "finance.subscription": {"action_open_exchanges"},
    "finance.vault": {"action_rotate"},
    "reporting.contract": {"action_activate", "action_new_version"},
    "reporting.export": {"action_open_runs", "action_run"},
    "reporting.run": {"action_cancel", "action_open_exchange"},
    "res.config.settings": {"action_finance_rotate_keys"},
    "treasury.payment.order": {
        "action_approve",
        "action_back_to_draft",
        "action_cancel",
        "action_generate",
        "action_refuse",
        "action_send",
    },
}
"""Model -> its own public methods; those of Odoo's own base classes are tried as well."""

HARMLESS = {
    ("finance.exception", "action_open_runbook"): "Opens a page of the documentation.",
    ("finance.exchange", "action_open_cancel"): "Opens a dialog; its button is checked.",
}
"""Methods that need no right, and why."""
