"""A contract says the same in every form, and says so when it contradicts itself."""

import dataclasses

import pytest
import yaml

from odoo.addons.reporting_export.tools.contract import Column


def test_good_contract_has_no_problem(contract):
    assert contract.problems() == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"account": "nothing"}, "nothing"),
        ({"sums": ("label",)}, "label"),
        ({"columns": ()}, "key"),
        (
            {"columns": (Column(name="Id", type="integer", path="id", key=True, required=True),)},
            "Id",
        ),
        ({"columns": (Column(name="id", type="integer", path="id", key=True),)}, "required"),
        ({"columns": (Column(name="export_entity", type="string", path="name"),)}, "folders"),
    ],
)
def test_contradiction_is_told(contract, change, told):
    assert any(told in problem for problem in dataclasses.replace(contract, **change).problems())


def test_digest_follows_the_promise_not_the_words(contract):
    described = dataclasses.replace(contract, description="Better words.")
    other = dataclasses.replace(contract, columns=contract.columns[:-1])
    assert described.digest == contract.digest
    assert other.digest != contract.digest


def test_open_data_contract_names_every_column_with_its_type(contract):
    document = yaml.safe_load(contract.odcs())
    assert document["apiVersion"] == "v3.1.0"
    [schema] = document["schema"]
    properties = {each["name"]: each for each in schema["properties"]}
    assert list(properties) == [column.name for column in contract.columns]
    assert properties["balance"]["physicalType"] == "numeric(28,6)"
    assert properties["id"]["primaryKey"]
    assert properties["label"]["classification"] == "personal"
