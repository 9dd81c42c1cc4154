"""The public methods of this addon, which anybody with a log-in can call over RPC, and why some need no right.

``test_public_methods`` tries each as a stranger and as a viewer, and fails on one that is not listed. The tests of the
whole suite go on from these lists.
"""

OWN_METHODS = {
    "account.bank.statement": {"action_open_lines"},
    "account.bank.statement.line": {
        "action_match",
        "action_match_allocate",
        "action_match_ask",
        "action_match_ignore",
        "action_match_items",
        "action_match_partner",
        "action_match_postpone",
        "action_match_preview",
        "action_match_transfer",
        "action_match_try",
        "action_match_undo",
        "action_match_write_off",
    },
    "account.journal": {"action_upload_bank_statement"},
    "bank.statement.comparison": {
        "action_compare",
        "action_open_lines",
        "action_sign_off",
        "action_switch_over",
    },
    "bank.statement.comparison.day": {"action_open_lines"},
    "bank.statement.consent": {"action_open_redirect", "action_refresh", "action_request"},
    "bank.statement.coverage": {"get_coverage", "get_day"},
    "bank.statement.feed": {
        "action_fetch_now",
        "action_open_comparison",
        "action_open_exceptions",
    },
    "bank.statement.match.lesson": {"action_accept", "action_refuse"},
    "bank.statement.match.proposal": {"action_accept"},
    "bank.statement.match.rule": {
        "action_activate",
        "action_backtest",
        "action_new_version",
        "action_open_changed",
        "action_propose",
        "action_retire",
    },
    "bank.statement.match.run": {"action_commit"},
    "bank.statement.review": {
        "accept_many",
        "get_board",
        "get_bulk",
        "get_choices",
        "get_line",
        "get_rows",
        "tell_presence",
    },
    "bank.statement.profile.try": {"action_look", "action_save", "action_suggest"},
    "bank.statement.setup": {
        "action_ask_consent",
        "action_ask_host_key",
        "action_back",
        "action_check_consent",
        "action_choose",
        "action_discover",
        "action_dry_run",
        "action_go_live",
        "action_open_feeds",
        "action_refresh",
        "action_test",
    },
    "bank.statement.upload": {"action_try", "action_upload"},
}

HARMLESS = {
    (
        "bank.statement.coverage",
        "get_coverage",
    ): "Of the caller's own companies; see test_coverage.",
    ("bank.statement.coverage", "get_day"): "Of the caller's own companies; see test_coverage.",
    **{
        ("bank.statement.review", name): "Of the caller's own companies; see test_review_board."
        for name in (
            "accept_many",
            "get_board",
            "get_bulk",
            "get_choices",
            "get_line",
            "get_rows",
            "tell_presence",
        )
    },
    ("account.journal", "action_upload_bank_statement"): "Opens an empty upload form.",
}
