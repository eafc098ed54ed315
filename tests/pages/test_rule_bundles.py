"""Rules go from one city to another by the pages: download, pin, look, take over; strangers are refused."""

import html
import re

import pytest

from identity.roles import Role
from kernel.signing import SigningKey
from rewards import bundles, programme
from tests.api.edge import Edge
from tests.rewards import made

PATH = "/office/rules/bundles"
KEY = SigningKey(bytes(range(32)))


def _bundle() -> bytes:
    version = made.rule(code="suggestion", action="suggestion", when=made.ALWAYS, budget="participation")
    return bundles.make("testburg", "Testburg", made.NOON, [version], KEY)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_rules_are_taken_over_as_drafts(edge: Edge) -> None:
    """Unknown senders are named with their key; once pinned, the page shows what differs; then it is a draft."""
    _, admin = edge.person("admin@example.org", Role.ADMINISTRATOR)
    _, editor = edge.person("eddi@example.org", Role.RULE_EDITOR)
    files = {"bundle": ("rules.json", _bundle(), "application/json")}

    stranger = edge.client.post(f"{PATH}/check", data=edge.browse(editor), files=files)
    assert (422, True) == (stranger.status_code, KEY.verify_key.public_key.hex() in stranger.text)
    assert 403 == edge.client.post(f"{PATH}/trust", data=edge.browse(editor)).status_code
    wrong = edge.client.post(f"{PATH}/trust", data=edge.browse(admin) | {"name": "Testburg", "key": "no"})
    assert 422 == wrong.status_code
    pin = {"name": "Testburg", "key": KEY.verify_key.public_key.hex()}
    assert 303 == edge.client.post(f"{PATH}/trust", data=edge.browse(admin) | pin).status_code

    shown = edge.client.post(f"{PATH}/check?lang=en", data=edge.browse(editor), files=files)
    text = html.unescape(re.findall(r'name="text" value="([^"]*)"', shown.text)[0])
    assert (200, _bundle().decode()) == (shown.status_code, text)
    taken = edge.client.post(f"{PATH}/take", data=edge.browse(editor) | {"text": text})
    assert (303, "/office/rules?notice=taken") == (taken.status_code, taken.headers["location"])
    broken = edge.client.post(
        f"{PATH}/take", data=edge.browse(editor) | {"text": text.replace("20", "21", 1)}
    )
    assert 422 == broken.status_code
    with edge.database.reading(edge.city.city_id) as reading:
        drafts = [one for one in programme.every(reading) if one.status is programme.RuleStatus.DRAFT]
    assert ["suggestion"] == [one.version.code for one in drafts]
    assert (
        303 == edge.client.post(f"{PATH}/distrust", data=edge.browse(admin) | {"key": pin["key"]}).status_code
    )
    assert ["city-trusted", "rules-imported", "city-distrusted"] == edge.audited()[-3:]


def test_rules_are_given_as_a_signed_file(edge: Edge) -> None:
    """The file holds what was chosen and fits the city's key, which the page shows from then on."""
    _, approver = edge.person("anne@example.org", Role.APPROVER)
    with edge.database.reading(edge.city.city_id) as reading:
        chosen = programme.active_hashes(reading)[:2]
    nothing = edge.client.post(f"{PATH}/export", data=edge.browse(approver))
    assert 422 == nothing.status_code

    answer = edge.client.post(f"{PATH}/export", data=edge.browse(approver) | {"rules": chosen})

    bundle = bundles.read(answer.content)
    assert sorted(chosen) == sorted(one.version_hash for one in bundle.versions)
    assert ("duisburg", True) == (
        bundle.city_slug, bundle.key.public_key.hex() in edge.client.get(PATH).text,
    )  # fmt: skip
    assert "attachment" in answer.headers["content-disposition"]
    assert "rules-exported" == edge.audited()[-1]
