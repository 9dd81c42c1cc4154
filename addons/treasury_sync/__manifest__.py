{
    "name": "Treasury Sync",
    "summary": "Payments that two people approve, that leave exactly once and whose fate is always known",
    "version": "19.0.1.1.0",
    "author": "Finance Connectivity Suite contributors",
    "license": "LGPL-3",
    "category": "Accounting/Accounting",
    "depends": ["bank_statement_api"],
    "external_dependencies": {"python": ["lxml"]},
    "data": [
        "security/treasury_security.xml",
        "security/ir.model.access.csv",
        "security/treasury_rules.xml",
        "data/ir_sequence.xml",
        "views/res_config_settings_views.xml",
    ],
}
