"""A hostile document must do nothing, a damaged one must never look whole."""

import io

import pytest
from effort import examples
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_connector_base.tools.safe_xml import (
    XmlRefusedError,
    iter_elements,
    local_name,
    namespace,
    parse,
)

NESTED = (
    b'<Document xmlns="urn:x:camt.053.001.08"><Stmt><Id>S1</Id><Ntry><Amt>1</Amt></Ntry><Ntry><Amt>2</Amt></Ntry>'
    b"</Stmt><Stmt><Id>S2</Id></Stmt></Document>"
)


def walk(data, *tags, **limits):
    return [
        (local_name(element), element.findtext("{*}Id") or element.findtext("{*}Amt"))
        for element in iter_elements(io.BytesIO(data), tags, **limits)
    ]


def refusal(data, **limits):
    codes = set()
    for read in (lambda: walk(data, "a", "b", **limits), lambda: parse(data, **limits)):
        with pytest.raises(XmlRefusedError) as caught:
            read()
        assert caught.value.next_step
        codes.add(caught.value.code)
    (code,) = codes
    return code


def test_elements_come_in_order_whatever_the_namespace():
    expected = [("Ntry", "1"), ("Ntry", "2"), ("Stmt", "S1"), ("Stmt", "S2")]
    assert walk(NESTED, "Ntry", "Stmt") == expected
    assert walk(NESTED.replace(b' xmlns="urn:x:camt.053.001.08"', b""), "Ntry", "Stmt") == expected


def test_an_element_sees_what_came_before_it_and_is_freed_afterwards():
    for element in iter_elements(io.BytesIO(NESTED), ("Ntry", "Stmt")):
        if local_name(element) == "Ntry":
            assert element.getparent().findtext("{*}Id") == "S1"
            assert namespace(element) == "urn:x:camt.053.001.08"
        else:
            assert element.find("{*}Ntry") is None


def test_the_tree_does_not_grow_with_the_document():
    """libxml2 parses ahead by a chunk, so some later siblings are there; earlier ones never are."""
    siblings = [
        len(element.getparent())
        for element in iter_elements(io.BytesIO(b"<a>" + b"<b>text</b>" * 20_000 + b"</a>"), ("b",))
    ]
    assert len(siblings) == 20_000
    assert max(siblings) < 5_000
    assert siblings[-1] == 1


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", ": there is nothing in it."),
        (b"\n oops", "line 2, column 2: there is no XML, which begins with “<”."),
        (
            b"<Stmt>\n<Amt>1\n</Ntry></Stmt>",
            "line 3, column 8: <Amt>, opened in line 2, is closed by </Ntry>.",
        ),
        (
            b"<Stmt>\n<Amt>1",
            "line 2, column 7: the file ends before <Amt>, opened in line 2, is closed.",
        ),
        (b"<a/>\n<b/>", "line 2, column 1: there is more behind the end of the document."),
        (b"<a>\x00</a>", "line 1, column 4: there is a character that XML does not know."),
        (
            b'<?xml version="1.0" encoding="UTF-8"?>\n<a>\xff</a>',
            "line 2, column 4: the bytes are no text in the encoding that the document names.",
        ),
        (b"<a>" * 300, ": the tags are nested deeper than any bank message is."),
        (b"<a>\n<Amt>5 < 6</Amt></a>", "line 2, column 9: StartTag: invalid element name."),
    ],
)
def test_damage_is_told_by_line_tag_and_reason(data, told):
    """A person asks the sender for another copy with these words: no file name and no class of a parser."""
    for read in (lambda: walk(data, "Stmt"), lambda: parse(data)):
        with pytest.raises(XmlRefusedError) as caught:
            read()
        assert str(caught.value).endswith(told)
        assert "<string>" not in str(caught.value)


@given(st.integers(1, len(NESTED) - 1))
def test_a_cut_document_is_refused_wherever_it_is_cut(position):
    with pytest.raises(XmlRefusedError, match="cut short"):
        walk(NESTED[:position], "Ntry", "Stmt")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"   ",
        b"<a><b></a>",
        b"plain text",
        b"<a>&nbsp;</a>",
        b"<a/><a/>",
        b'<?xml version="1.0" encoding="no"?><a/>',
    ],
)
def test_damage_is_refused(data):
    assert refusal(data) == "xml_malformed"


@pytest.mark.parametrize(
    "data",
    [
        b"<!DOCTYPE a><a><b/></a>",
        b"<!DOCTYPE a><a></a>",
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a><b/></a>',
        b'<!DOCTYPE a [<!ENTITY e "x">]><a><b>&e;</b></a>',
        '<!DOCTYPE a [<!ENTITY e "x">]><a><b>&e;</b></a>'.encode("utf-16"),
    ],
)
def test_a_document_type_is_refused(data):
    assert refusal(data) == "xml_dtd_refused"


def test_nothing_of_a_document_with_a_type_is_handed_out():
    with pytest.raises(XmlRefusedError):
        next(iter_elements(io.BytesIO(b"<!DOCTYPE a><a><b/></a>"), ("b",)))
    with pytest.raises(XmlRefusedError):
        list(iter_elements(io.BytesIO(b"<!DOCTYPE a><a><b/></a>"), ("other",)))


def test_an_external_entity_is_not_even_looked_for():
    data = b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///no/such/file">]><a><b>&e;</b></a>'
    assert refusal(data) == "xml_dtd_refused"


def test_no_file_is_read_by_an_entity(tmp_path):
    (tmp_path / "secret").write_text("top-secret")
    for declaration in (
        f'<!ENTITY e SYSTEM "file://{tmp_path}/secret">',
        f'<!ENTITY % e SYSTEM "file://{tmp_path}/secret"> %e;',
    ):
        data = f"<!DOCTYPE a [{declaration}]><a><b>&e;</b></a>".encode()
        for read in (lambda data=data: walk(data, "b"), lambda data=data: parse(data)):
            with pytest.raises(XmlRefusedError) as caught:
                read()
            assert "top-secret" not in str(caught.value)


@pytest.mark.parametrize("place", ['<a t="&x9;"><b/></a>', "<a><b>&x9;</b></a>"])
def test_an_entity_bomb_does_nothing(place):
    entities = "".join(f'<!ENTITY x{n} "{f"&x{n - 1};" * 10}">' for n in range(1, 10))
    data = f'<!DOCTYPE a [<!ENTITY x0 "{"A" * 100}">{entities}]>{place}'.encode()
    assert refusal(data) in ("xml_dtd_refused", "xml_malformed")


def test_depth_is_limited():
    assert refusal(b"<a>" * 300 + b"</a>" * 300) == "xml_malformed"


def test_size_is_limited():
    data = b"<a>" + b"<b/>" * 1000 + b"</a>"
    assert refusal(data, max_bytes=len(data) - 1) == "xml_too_large"
    assert len(walk(data, "b", max_bytes=len(data))) == 1000


def test_parse_gives_the_root():
    root = parse(b'<?xml version="1.0"?><!-- c --><a xmlns="urn:y">x</a>')
    assert (local_name(root), namespace(root), root.text) == ("a", "urn:y", "x")
    assert namespace(parse(b"<a/>")) is None


def test_elements_are_freed_safely_wherever_the_parser_reads_on():
    """Text behind an element may be cut by the end of a read; freeing the element then crashed the process."""
    entries_each = examples(20_000)
    entries = b"".join(
        b"<Ntry>\n<NtryRef>%d</NtryRef>\n<Amt>%d.00</Amt>\n<X><Y>Payment %d</Y></X>\n</Ntry>\n"
        % (number, number, number)
        for number in range(entries_each)
    )
    for padding in range(10):
        document = b"<Doc><Pad>" + b"x" * padding + b"</Pad><Stmt>\n" + entries + b"</Stmt></Doc>"
        found = sum(1 for _element in iter_elements(io.BytesIO(document), ("Ntry", "Stmt")))
        assert found == entries_each + 1


def test_namespace_with_a_brace_is_refused_like_other_damage():
    with pytest.raises(XmlRefusedError):
        for element in iter_elements(io.BytesIO(b'<a xmlns="urn:ca}t"><b/><b/></a>'), ("a", "b")):
            assert local_name(element) in ("a", "b")
            assert namespace(element) == "urn:ca}t"
