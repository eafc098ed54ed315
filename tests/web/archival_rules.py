"""What ISO 19005-3 (PDF/A-3, level U) demands of the structure of a file, as far as our papers touch it.

Not a validator: the inside of fonts and colour profiles and the operators of pages are looked at only where a
rule names them. veraPDF knows all rules; it needs Java and is not part of the suite (docs/receipts.md).
"""

import io
import re
from collections.abc import Iterator
from typing import Any

import pypdf
from pypdf.generic import DictionaryObject, IndirectObject, StreamObject

_ACTIONS = {"/Launch", "/Sound", "/Movie", "/ResetForm", "/ImportData", "/JavaScript", "/Hide", "/SetOCGState",
            "/Rendition", "/Trans", "/GoTo3DView"}  # fmt: skip
_CMYK = re.compile(rb"(?:^|\s)(?:[\d.]+\s+){4}[kK]\s")


def faults(content: bytes) -> list[str]:
    """Return the rules that a file breaks, by the clause of the standard; none if it breaks none."""
    read = pypdf.PdfReader(io.BytesIO(content))
    objects = list(_objects(read))
    found = [*_file(content, read), *_catalogue(read), *_metadata(read)]
    for one in objects:
        found += [*_stream(one), *_graphics(one), *_font(one), *_interaction(one), *_attachment(one)]
    for page in read.pages:
        drawn = page.get_contents()
        if drawn is not None and _CMYK.search(drawn.get_data()):
            found.append("6.2.4.3: a colour that the output intent does not explain")
    return found


def _objects(read: pypdf.PdfReader) -> Iterator[Any]:
    for number in range(1, int(str(read.trailer["/Size"]))):
        one = read.get_object(IndirectObject(number, 0, read))
        if isinstance(one, DictionaryObject):
            yield one
            # What stands in the object itself has rules of its own.
            yield from (kid for kid in one.values() if isinstance(kid, DictionaryObject))


def _file(content: bytes, read: pypdf.PdfReader) -> Iterator[str]:
    if not re.match(rb"%PDF-1\.[0-7]\r?\n%[\x80-\xff]{4}", content):
        yield "6.1.2: header"
    if "/ID" not in read.trailer:
        yield "6.1.3: no file identifier"
    if "/Encrypt" in read.trailer:
        yield "6.1.3: encrypted"
    if "/Info" in read.trailer:
        yield "6.6.3: what stands in Info has to stand in the metadata, too; ours has none"


def _catalogue(read: pypdf.PdfReader) -> Iterator[str]:
    root = read.root_object
    intents = [one.get_object() for one in root.get("/OutputIntents", [])]
    profiles = [one for one in intents if one.get("/S") == "/GTS_PDFA1" and "/DestOutputProfile" in one]
    if len(profiles) != 1:
        yield "6.2.3: not one output intent"
    for one in profiles:
        profile = one["/DestOutputProfile"]
        data = profile.get_data()
        if (profile["/N"], data[16:20], data[36:40]) != (3, b"RGB ", b"acsp"):
            yield "6.2.3: the profile is none for RGB"
    for name in ("/AA", "/OCProperties", "/Requirements", "/NeedsRendering", "/AcroForm"):
        if name in root:
            yield f"6.4, 6.5, 6.9: {name} in the catalogue"
    embedded = root.get("/Names", {}).get("/EmbeddedFiles", {}).get("/Names", [])
    if len(embedded) // 2 != len(root.get("/AF", [])):
        yield "6.8: a file that is associated with nothing"


def _metadata(read: pypdf.PdfReader) -> Iterator[str]:
    stream = read.root_object.get("/Metadata")
    text = stream.get_data().decode() if stream is not None else ""
    if stream is not None and "/Filter" in stream:
        yield "6.6.2.1: metadata that only PDF readers can read"
    for part in ("<pdfaid:part>3</pdfaid:part>", "<pdfaid:conformance>U</pdfaid:conformance>"):
        if part not in text:
            yield f"6.6.4: {part}"
    if "fx:DocumentType" in text and "pdfaExtension:schemas" not in text:
        yield "6.6.2.3: a schema that nobody knows, without its description"


def _stream(one: Any) -> Iterator[str]:
    if isinstance(one, StreamObject):
        if {"/F", "/FFilter", "/FDecodeParms"} & set(one):
            yield "6.1.7.1: a stream outside the file"
        if "/LZWDecode" in str(one.get("/Filter", "")):
            yield "6.1.7.2: LZW"


def _graphics(one: Any) -> Iterator[str]:
    kind = one.get("/Type")
    if kind == "/ExtGState" and ({"/TR", "/HTP"} & set(one) or one.get("/TR2", "/Default") != "/Default"):
        yield "6.2.5: a transfer function"
    if one.get("/Subtype") == "/Image" and ({"/Alternates", "/OPI"} & set(one) or one.get("/Interpolate")):
        yield "6.2.8: an image that looks different elsewhere"
    if one.get("/Subtype") == "/PS" or one.get("/ColorSpace") == "/DeviceCMYK":
        yield "6.2.9: PostScript or CMYK"


def _font(one: Any) -> Iterator[str]:
    if one.get("/Type") != "/Font":
        return
    if one["/Subtype"] == "/Type0":
        inner = one["/DescendantFonts"][0].get_object()
        file = inner["/FontDescriptor"].get("/FontFile2")
        if file is None or not file.get_data():
            yield "6.2.11.4: letters that are not inside"
        if inner["/Subtype"] == "/CIDFontType2" and "/CIDToGIDMap" not in inner:
            yield "6.2.11.3.2: no map of letters"
        if "/ToUnicode" not in one:
            yield "6.2.11.7.2: letters that can't be read"
    elif one["/Subtype"] not in {"/CIDFontType2", "/CIDFontType0"}:
        yield f"6.2.11: a font of the kind {one['/Subtype']}"


def _interaction(one: Any) -> Iterator[str]:
    if one.get("/S") in _ACTIONS or "/JS" in one or (one.get("/Type") == "/Page" and "/AA" in one):
        yield "6.5: an action"
    if one.get("/Type") == "/Annot" and (one["/Subtype"] != "/Link" or not int(one.get("/F", 0)) & 4):
        yield "6.3: an annotation that is not printed"


def _attachment(one: Any) -> Iterator[str]:
    if one.get("/Type") == "/Filespec":
        missing = {"/F", "/UF", "/EF", "/AFRelationship"} - set(one)
        if missing:
            yield f"6.8: a file without {sorted(missing)}"
        inside = one.get("/EF", {}).get("/F")
        if inside is not None and not ("/Subtype" in inside and "/ModDate" in inside.get("/Params", {})):
            yield "6.8: a file without its kind or its day"
