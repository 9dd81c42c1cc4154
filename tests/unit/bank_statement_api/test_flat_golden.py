"""Every dialect of the formats made of lines of text, as it was read when a person looked at it.

``samples/<format>/<name>.json`` holds what the file beside it says. After a change of a reader that is
meant, ``write_flat_golden.py`` beside this file writes them anew, to be read in the diff.
"""

import dataclasses
import json
import re
from pathlib import Path

import jsonschema
import pytest

from odoo.addons.bank_statement_api.tools import checks, detect, documents, transaction_kinds

SAMPLES = Path(__file__).parent / "samples"
VALIDATOR = jsonschema.Draft202012Validator(
    json.loads(
        (
            Path(__file__).parents[3] / "addons/bank_statement_api/schemas/statement.v1.json"
        ).read_text()
    )
)
FORMATS = ("mt940", "mt942", "bai2", "coda", "cfonb120", "norma43")
FILES = sorted(
    path for name in FORMATS for path in (SAMPLES / name).iterdir() if path.suffix != ".json"
)
# Words that only say what the next one is.
_WORDS = (
    "EREF KREF MREF CRED DEBT COAM OAMT SVWZ ABWA ABWE IBAN PURP BENM ORDP ULTB ULTC ULTD NAME REMI "
    "TRTP TRCD MARF CSID CNTP ISDT USTD STRD RACH"
)
_MARKS = set(_WORDS.split())


def text_of(path):
    content = path.read_bytes()
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252")


def is_western(path):
    return all(ord(letter) < 256 for letter in text_of(path))


def ids(path):
    return f"{path.parent.name}/{path.stem}"


def read(path, **options):
    content = path.read_bytes()
    return detect.detect(content).read(content, **options)


def proof(statement):
    return [dataclasses.asdict(finding) for finding in checks.prove(statement)]


def written(path):
    found = [
        {"statement": documents.to_dict(statement), "proof": proof(statement)}
        for statement in read(path)
    ]
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_sample_is_read_as_a_person_saw_it(path):
    expected = json.loads(path.with_suffix(".json").read_text())
    found = read(path)
    # As documents: a field that is new since then has nothing of the sample in it.
    assert found == [documents.from_dict(item["statement"]) for item in expected]
    assert [json.loads(json.dumps(proof(item))) for item in found] == [
        item["proof"] for item in expected
    ]


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_sample_is_known_as_its_format_and_no_other(path):
    content = path.read_bytes()
    claims = {item.code for item in detect.formats() if item.matches(content)}
    assert claims == {{"mt942": "mt940"}.get(path.parent.name, path.parent.name)}
    assert {statement.source_format for statement in read(path)} == {path.parent.name}


@pytest.mark.parametrize("path", FILES, ids=ids)
@pytest.mark.parametrize("details", ["split", "single"])
def test_document_round_trips_and_keeps_to_its_schema(path, details):
    for statement in read(path, details=details):
        document = json.loads(json.dumps(documents.to_dict(statement)))
        VALIDATOR.validate(document)
        assert documents.from_dict(document) == statement
        assert {line.kind for line in statement.transactions} <= set(transaction_kinds.KINDS)


@pytest.mark.parametrize("path", FILES, ids=ids)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_sample_says_the_same_in_every_encoding(path, encoding):
    encoded = text_of(path).encode(encoding)
    assert detect.detect(encoded).read(encoded) == read(path)


@pytest.mark.parametrize("path", list(filter(is_western, FILES)), ids=ids)
def test_sample_says_the_same_in_the_letters_of_western_europe(path):
    encoded = text_of(path).encode("cp1252")
    assert detect.detect(encoded).read(encoded) == read(path)


@pytest.mark.parametrize("path", FILES, ids=ids)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_sample_says_the_same_with_every_line_end(path, end):
    content = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", end.encode())
    assert detect.detect(content).read(content) == read(path)


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("mt94*/*.sta")), ids=ids)
def test_no_word_of_a_swift_message_is_lost(path):
    """Whatever a bank writes about a booking stands somewhere in the document."""
    known = re.sub(r"[^A-Za-z0-9]", "", path.with_suffix(".json").read_text())
    inside = False
    for line in path.read_text().splitlines():
        tag = re.match(r":(\w+):", line)
        inside = tag[1] in ("86", "NS") if tag else inside and not line.startswith("-")
        if inside:
            words = re.findall(r"[A-Za-z]{4,}|[0-9]{4,}", line)
            # The number of a subfield may stand right before the digits in it.
            lost = [word for word in words if word not in known and word[2:] not in known]
            assert not set(lost) - _MARKS, line
