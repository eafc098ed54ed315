"""What holds for every template and static file of the kit."""

import gzip
import hashlib
import json
import re
from pathlib import Path

import jinja2
import pytest

from tests.web import serving
from web import catalogues, templating

STATIC = serving.WEB / "static"
TEMPLATES = sorted((serving.WEB / "templates").rglob("*.html"))
SCRIPTS = sorted((STATIC / "js").rglob("*.js"))
FIRST_LOAD_BYTES_MAX = 100_000
_ELSEWHERE = re.compile(
    r"""<(?!a\s[^>]*\brel="noreferrer")[^>]*?\b(?:src|href|action)=["'](?:https?:)?//[^"']*"""
)
_INLINE = re.compile(
    r"""<style|\sstyle=|\son[a-z]+\s*=\s*["']|javascript:|<script(?![^>]*\ssrc=)""", re.IGNORECASE
)
_PICTOGRAM = re.compile(
    r"""(?:p\.)?pictogram\("([a-z-]+)"|pictogram_name="([a-z-]+)"|p\.empty\("([a-z-]+)\""""
)


def _name(path: Path) -> str:
    return path.relative_to(serving.WEB).as_posix()


@pytest.mark.parametrize("path", TEMPLATES, ids=_name)
def test_a_template_has_no_inline_script_or_style(path: Path) -> None:
    """The security policy would refuse it in the browser; here it is refused before."""
    assert [] == _INLINE.findall(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", TEMPLATES, ids=_name)
def test_a_template_is_valid_in_every_language(path: Path) -> None:
    """Each can be compiled, and asks nothing of another site: a link there is followed by a person, unnamed."""
    source = path.read_text(encoding="utf-8")
    for environment in templating.build(catalogues.load()).environments.values():
        environment.get_template(path.relative_to(serving.WEB / "templates").as_posix())

    assert [] == _ELSEWHERE.findall(source)


@pytest.mark.parametrize("path", TEMPLATES, ids=_name)
def test_a_pictogram_that_is_named_exists(path: Path) -> None:
    """A name that the sprite does not have would show as an empty square."""
    named = {one for found in _PICTOGRAM.findall(path.read_text(encoding="utf-8")) for one in found if one}

    assert set() == named - set(serving.pictograms())


def test_pictograms_share_one_style_and_have_names_of_their_own() -> None:
    """Each is drawn in a square of 24 with the reader's colour, and no name is there twice."""
    names = serving.pictograms()
    sprite = (STATIC / "pictograms.svg").read_text(encoding="utf-8")

    assert sorted(set(names)) == names
    assert len(names) == sprite.count('viewBox="0 0 24 24"') == sprite.count('stroke="currentColor"')


@pytest.mark.parametrize("path", SCRIPTS, ids=_name)
def test_a_script_says_where_it_is_used(path: Path) -> None:
    """Each is checked by types and begins with its purpose."""
    assert re.match(r"// @ts-check\n/\*\*\s+(\*\s+)?Used ", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "folder",
    [STATIC / "vendor", serving.WEB / "papers/vendor", Path(__file__).parent / "vendor"],
    ids=["web", "papers", "tests"],
)
def test_vendored_files_are_those_that_were_fetched(folder: Path) -> None:
    """Nobody edited them, none is missing from the list, and each package has its licence beside it."""
    packages = json.loads((folder / "vendor.json").read_text(encoding="utf-8"))
    listed = {file["path"]: file["sha256"] for package in packages for file in package["files"]}
    present = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    del present["vendor.json"]

    assert listed == {
        name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in sorted(present.items())
    }
    assert all(any("LICENSE" in file["path"] for file in package["files"]) for package in packages)


def test_a_first_page_is_small() -> None:
    """Style, fonts, pictograms and scripts that every page loads leave room for its text within 100 KB."""
    frame = (serving.WEB / "templates/frames/base.html").read_text(encoding="utf-8")
    files = {STATIC / name for name in re.findall(r"static\('([^']+)'\)", frame)}
    files |= {STATIC / "pictograms.svg"}
    fonts = {STATIC / "vendor/fira-sans" / f"latin-{weight}.woff2" for weight in (400, 600)}
    text = sum(len(gzip.compress(path.read_bytes(), 9)) for path in files)

    assert text + sum(path.stat().st_size for path in fonts) <= FIRST_LOAD_BYTES_MAX - 5_000


def test_a_static_address_changes_with_the_content() -> None:
    """So it may be kept for ever, and a missing file is found when the page is made, not by its reader."""
    digest = hashlib.sha256((STATIC / "logo.svg").read_bytes()).hexdigest()

    assert f"/static/logo.svg?v={digest[:10]}" == templating.static("logo.svg")
    with pytest.raises(FileNotFoundError):
        templating.static("no-such-file.js")


def test_a_citys_colours_become_properties() -> None:
    """A city without colours has an empty sheet, and one with colours has them by name."""
    assert ":root {\n  --city-primary: #0a4a6e;\n}\n" == templating.city_css({"primary": "#0a4a6e"})


@pytest.mark.parametrize(
    ("name", "value"),
    [("primary", "red; } body { display: none"), ("primary", "url(//elsewhere)"), ("x: 1; y", "#000000")],
)
def test_what_is_no_colour_is_refused(name: str, value: str) -> None:
    """A setting can't smuggle a rule into the style sheet."""
    with pytest.raises(ValueError, match="not a colour"):
        templating.city_css({name: value})


def test_text_of_people_is_escaped_and_a_forgotten_value_is_an_error() -> None:
    """What somebody typed is shown as they typed it; a template that misses a value fails instead of showing less."""
    environment = templating.build(catalogues.load()).environments["de"]

    assert "&lt;script&gt;" == environment.from_string("{{ text }}").render(text="<script>")
    with pytest.raises(jinja2.UndefinedError):
        environment.from_string("{{ forgotten }}").render()


def test_a_field_with_an_error_says_so_to_a_screen_reader() -> None:
    """Hint and error are both tied to the field, which is marked as invalid."""
    environment = templating.build(catalogues.load()).environments["en"]
    source = '{% import "parts.html" as p with context %}{{ p.field("email", "E-mail", hint="H", error="E", id="x") }}'
    html = environment.from_string(source).render(page=serving.page())

    assert 'for="x"' in html
    assert 'id="x" name="email"' in html
    assert 'aria-describedby="x-hint x-error" aria-invalid="true"' in html
    assert 'id="x-hint"' in html
    assert 'id="x-error"' in html
