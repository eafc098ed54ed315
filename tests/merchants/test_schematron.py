"""Credit notes against the official rules: CEN's and KoSIT's for XRechnung, FNFE's and FeRD's for Factur-X."""

import gzip
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest
import saxonche

from merchants.collected import Collected, EuroLine
from merchants.invoice_xml import Guideline
from merchants.statements import ProductLine
from tests.merchants.test_credit_notes import STATEMENT, xml
from tests.merchants.treasury import TAXES

DATA = Path(__file__).parents[1] / "data" / "schematron"
XRECHNUNG = ("EN16931-CII-validation", "XRechnung-CII-validation")
BROKEN = re.compile(r'<svrl:failed-assert\b[^>]*?\bid="([^"]+)"')
Check = Callable[[bytes, Guideline], list[str]]
WITH_EUROS = replace(STATEMENT, collected=Collected(redemptions=(EuroLine("swim", 1, 1234),)))
ROUNDED = replace(STATEMENT, redemptions=(ProductLine("cake", 1, 3, "online"),), reversals=())


@pytest.fixture(scope="module")
def check(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Check]:
    """Give what returns the official rules that a document breaks."""
    folder = tmp_path_factory.mktemp("schematron")
    for name in XRECHNUNG:
        folder.joinpath(f"{name}.xsl").write_bytes(gzip.decompress((DATA / f"{name}.xsl.gz").read_bytes()))
    factur_x = resources.files("facturx") / "xsd_and_schematron" / "facturx-en16931" / "FACTUR-X_EN16931.xslt"
    with saxonche.PySaxonProcessor(license=False) as processor:
        compiler = processor.new_xslt30_processor()
        rules = {
            Guideline.XRECHNUNG: [
                compiler.compile_stylesheet(stylesheet_file=str(folder / f"{name}.xsl")) for name in XRECHNUNG
            ],
            Guideline.FACTUR_X: [compiler.compile_stylesheet(stylesheet_file=str(factur_x))],
        }

        def broken(content: bytes, guideline: Guideline) -> list[str]:
            read = processor.parse_xml(xml_text=content.decode())
            reports = [one.transform_to_string(xdm_node=read) for one in rules[guideline]]
            assert all("<svrl:fired-rule" in report for report in reports)
            return [rule for report in reports for rule in BROKEN.findall(report)]

        yield broken


@pytest.mark.parametrize("guideline", list(Guideline))
def test_documents_hold_the_official_rules(check: Check, guideline: Guideline) -> None:
    """For each sort of venue, with a rounding amount, and with euros of guests: no official rule is broken."""
    documents = [
        xml(guideline),
        xml(guideline, seller=replace(TAXES, vat_id="", tax_number="107/5812/1231")),
        xml(guideline, seller=replace(TAXES, is_small_business=True)),
        xml(guideline, ROUNDED),
        xml(guideline, WITH_EUROS),
    ]

    assert [check(one, guideline) for one in documents] == [[]] * len(documents)
    assert "12,34 EUR haben Gäste in Euro".encode() in documents[-1]
    assert b"<ram:DuePayableAmount>48.48</ram:DuePayableAmount>" in documents[-1]


@pytest.mark.parametrize(
    ("was", "becomes", "rule"),
    [
        ("<ram:GrandTotalAmount>48.48<", "<ram:GrandTotalAmount>48.47<", "BR-CO-15"),
        ("<ram:CalculatedAmount>1.59<", "<ram:CalculatedAmount>1.57<", "BR-CO-14"),
        ("<ram:BasisAmount>8.38<", "<ram:BasisAmount>8.37<", "BR-S-08"),
        ("<ram:ChargeAmount>8.38<", "<ram:ChargeAmount>-8.38<", "BR-27"),
        ("<ram:PersonName>Petra Schwimm</ram:PersonName>", "", "BR-DE-5"),
        ("<ram:BuyerReference>05112000-KAEMM-38</ram:BuyerReference>", "", "BR-DE-15"),
    ],
)
def test_the_official_rules_find_what_is_wrong(check: Check, was: str, becomes: str, rule: str) -> None:
    """The check can fail: documents that break a rule of CEN's or KoSIT's are named by it."""
    sound = xml().decode()

    assert was in sound
    assert rule in check(sound.replace(was, becomes, 1).encode(), Guideline.XRECHNUNG)
