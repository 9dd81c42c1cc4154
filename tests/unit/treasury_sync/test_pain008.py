"""Direct debits in both versions, by the official schema."""

import pytest

from odoo.addons.finance_connector_base.tools.errors import BusinessError

from tests.unit.treasury_sync.examples import collection, debit, documents, filed, grouped
from tests.unit.treasury_sync.test_pain001 import parsed, texts

VERSIONS = ("pain.008.001.02", "pain.008.001.08")


@pytest.mark.parametrize("code", VERSIONS)
@pytest.mark.parametrize(("profile", "scheme"), [("sepa_dd_core", "CORE"), ("sepa_dd_b2b", "B2B")])
def test_collection_is_taken_and_says_what_it_is(code, profile, scheme):
    content = filed(collection(), code, profile)
    assert content == filed(collection(), code, profile)
    root = parsed(content)
    assert texts(root, "LclInstrm/Cd") == [scheme]
    assert texts(root, "SeqTp") == ["RCUR"]
    assert texts(root, "MndtId") == ["M-1", "M-2"]
    assert texts(root, "DtOfSgntr") == ["2026-01-02"] * 2
    assert texts(root, "PrvtId/Othr/Id") == ["DE98ZZZ09999999999"]
    assert texts(root, "Dbtr/Nm") == ["Customer SA"] * 2
    assert texts(root, "ReqdColltnDt") == ["2026-11-27"]
    assert texts(root, "GrpHdr/CtrlSum") == ["201.00"]


@pytest.mark.parametrize(
    ("found", "tag"),
    [
        (collection(creditor_scheme_id=None), "CdtrSchmeId"),
        (collection(creditor_scheme_id="DE99ZZZ09999999999"), "CdtrSchmeId"),
        (collection(debit(mandate=None)), "SeqTp"),
        (collection(debit(mandate=None)), "MndtId"),
        (grouped(collection(), local_instrument="COR1"), "LclInstrm"),
    ],
)
def test_what_a_direct_debit_cannot_be_without_is_named(found, tag):
    with pytest.raises(BusinessError) as caught:
        filed(found, "pain.008.001.08", "sepa_dd_core")
    assert any(tag in violation["tag"] for violation in caught.value.evidence["violations"])


def test_mandates_of_two_sequences_do_not_share_a_group():
    first = documents.Mandate(
        reference="F", signed_on=documents.datetime.date(2026, 1, 2), sequence="FRST"
    )
    with pytest.raises(BusinessError) as caught:
        filed(collection(debit(1), debit(2, mandate=first)), "pain.008.001.08", "sepa_dd_core")
    assert caught.value.code == "payment_file_invalid"
