{
    "name": "Finance Suite: Tests",
    "summary": "Handlers, an adapter and flows that exist only to test the suite",
    "version": "19.0.1.0.0",
    "author": "Finance Connectivity Suite contributors",
    "license": "LGPL-3",
    "category": "Hidden/Tests",
    "depends": ["treasury_sync"],
    "data": ["security/ir.model.access.csv"],
}
