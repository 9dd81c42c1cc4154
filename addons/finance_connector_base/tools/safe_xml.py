"""Reading XML that a stranger wrote: no DTD, entities, network or huge trees, bounded size."""

import re

from lxml import etree

from .errors import FinalError

MEBIBYTE = 1024 * 1024

# `huge_tree=False` makes libxml2 itself refuse more than 256 levels and 10 MB in one text.
_PARSER_OPTIONS = {
    "resolve_entities": False,
    "load_dtd": False,
    "dtd_validation": False,
    "attribute_defaults": False,
    "no_network": True,
    "huge_tree": False,
    "recover": False,
    "remove_comments": True,
    "remove_pis": True,
}


class XmlRefusedError(FinalError):
    """The document is damaged, too large or tries what a message never needs."""


class _BoundedReader:
    def __init__(self, stream, max_bytes):
        self._stream = stream
        self._left = max_bytes
        self._max_bytes = max_bytes

    def read(self, size=-1):
        chunk = self._stream.read(size)
        self._left -= len(chunk)
        if self._left < 0:
            raise _too_large(self._max_bytes)
        return chunk


def _too_large(max_bytes):
    return XmlRefusedError(
        f"The XML document is larger than the {max_bytes} bytes allowed.",
        "xml_too_large",
        next_step="Ask the sender for smaller files, or raise the limit of the interface.",
    )


#: What libxml2 says, and what that means for whoever has to ask for another copy.
_DAMAGE = (
    (
        re.compile(r"Opening and ending tag mismatch: (\S+) line (\d+) and ([^\s,]+)"),
        r"<\1>, opened in line \2, is closed by </\3>",
    ),
    (
        re.compile(r"Premature end of data in tag (\S+) line (\d+)"),
        r"the file ends before <\1>, opened in line \2, is closed",
    ),
    (re.compile(r"no element found|Document is empty"), "there is nothing in it"),
    (re.compile(r"Start tag expected, '<' not found"), "there is no XML, which begins with “<”"),
    (
        re.compile(r"Extra content at the end of the document"),
        "there is more behind the end of the document",
    ),
    (re.compile(r"Invalid character: .*"), "there is a character that XML does not know"),
    (
        re.compile(r"Invalid bytes in character encoding"),
        "the bytes are no text in the encoding that the document names",
    ),
    (
        re.compile(r"Excessive depth in document: .*"),
        "the tags are nested deeper than any bank message is",
    ),
)
_PLACE = re.compile(r",? line \d+, column \d+\s*$")


def _malformed(exc):
    # Not str(exc): that ends with the name of a file that there is none of.
    reason = _PLACE.sub("", exc.msg).strip()
    for said, meaning in _DAMAGE:
        if found := said.fullmatch(reason):
            reason = found.expand(meaning)
            break
    line, column = exc.position
    place = f"line {line}, column {column}: " if line else ""
    return XmlRefusedError(
        f"The XML document is damaged or cut short: {place}{reason}.",
        "xml_malformed",
        next_step="Fetch it again or ask the sender for a new copy; nothing was taken from it.",
    )


def _refuse_doctype(element):
    if element.getroottree().docinfo.doctype:
        raise XmlRefusedError(
            "The XML document declares a document type or entities, which no bank message needs.",
            "xml_dtd_refused",
            next_step="Treat the document as hostile and ask the sender where it came from.",
        )


def iter_elements(stream, tags, *, max_bytes=256 * MEBIBYTE):
    """Walk through a document of any length in bounded memory.

    Each element whose local name is in ``tags`` is handed out when its end was read, and freed when
    the next one is asked for: keep values, not elements. Its ancestors, still open, hold what came
    before it; an outer element in ``tags`` comes without the inner ones already handed out.

    Damage shows only where it is: a caller must not act on what it got before the iterator is
    exhausted.

    :param BinaryIO stream: the bytes, from their start.
    :param Collection[str] tags: local names, so that any version of a namespace fits.
    :param int max_bytes: larger documents are refused.
    :return: iterator of ``lxml.etree._Element``.
    :raise XmlRefusedError: ``xml_malformed``, ``xml_dtd_refused`` or ``xml_too_large``.
    """
    events = etree.iterparse(
        _BoundedReader(stream, max_bytes),
        events=("end",),
        tag=[f"{{*}}{tag}" for tag in tags],
        **_PARSER_OPTIONS,
    )
    # One behind: the parser may still be appending to the text that follows the element it has just closed, and would
    # write into memory that was given back.
    done = None
    try:
        for _event, element in events:
            if done is None:
                # It stands before the first element or nowhere.
                _refuse_doctype(element)
            else:
                _free(done)
            yield element
            done = element
    except etree.XMLSyntaxError as exc:
        raise _malformed(exc) from exc
    _refuse_doctype(events.root)


def _free(element):
    parent = element.getparent()
    if parent is None:
        element.clear()
    else:
        parent.remove(element)


def parse(data, *, max_bytes=16 * MEBIBYTE):
    """Read a small document as a whole.

    :param bytes data: the document.
    :param int max_bytes: larger documents are refused.
    :return: the root, an ``lxml.etree._Element``.
    :raise XmlRefusedError: as :func:`iter_elements`.
    """
    if len(data) > max_bytes:
        raise _too_large(max_bytes)
    try:
        root = etree.fromstring(data, etree.XMLParser(**_PARSER_OPTIONS))
    except etree.XMLSyntaxError as exc:
        raise _malformed(exc) from exc
    _refuse_doctype(root)
    return root


def local_name(element):
    """Return the element's name without its namespace."""
    # Not etree.QName: it fails on a namespace with a brace in it, which a damaged file may have.
    return element.tag.rpartition("}")[2]


def namespace(element):
    """Return the element's namespace, or None."""
    return element.tag.rpartition("}")[0][1:] or None
