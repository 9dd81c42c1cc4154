{
    "name": "Finance Connector Base",
    "summary": "The spine of the finance suite: governed exchanges with banks, gateways and warehouses",
    "version": "19.0.1.0.0",
    "author": "Finance Connectivity Suite contributors",
    "license": "LGPL-3",
    "category": "Accounting/Accounting",
    "depends": ["account", "queue_job"],
    "external_dependencies": {"python": ["cryptography", "lxml", "requests"]},
    "data": [
        "security/finance_security.xml",
        "security/ir.model.access.csv",
        "security/finance_rules.xml",
        "data/ir_sequence.xml",
        "data/queue_job.xml",
    ],
    "application": True,
    "installable": True,
}
