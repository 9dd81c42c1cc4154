{
    "name": "Treasury Sync",
    "summary": "Payments that two people approve, that leave exactly once and whose fate is always known",
    "version": "19.0.1.5.0",
    "author": "Finance Connectivity Suite contributors",
    "license": "LGPL-3",
    "category": "Accounting/Accounting",
    "depends": ["bank_statement_api"],
    "external_dependencies": {
        "python": ["anyascii", "cryptography", "lxml", "pysequoia", "pyyaml", "sepaxml", "signxml"]
    },
    "data": [
        "security/treasury_security.xml",
        "security/ir.model.access.csv",
        "security/treasury_rules.xml",
        "data/ir_sequence.xml",
        "data/treasury_fraud_rule.xml",
        "data/ir_cron.xml",
        "data/queue_job.xml",
        "wizards/treasury_payment_run_views.xml",
        "wizards/treasury_payment_proof_views.xml",
        "wizards/treasury_report_upload_views.xml",
        "views/treasury_payment_order_views.xml",
        "views/treasury_configuration_views.xml",
        "views/res_config_settings_views.xml",
        "views/treasury_menus.xml",
    ],
}
