{
    "name": "Bank Statement API: Example Adapter",
    "summary": "An adapter in an addon of its own: copy it to connect your bank",
    "version": "19.0.1.0.0",
    "author": "Finance Connectivity Suite contributors",
    "license": "LGPL-3",
    "category": "Accounting/Accounting",
    "depends": ["bank_statement_api"],
}
