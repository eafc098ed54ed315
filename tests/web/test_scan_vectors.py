"""The scanner's own verifier in a real browser, held to the vectors that the server is held to."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.fixtures import chromium
from tests.redemption import pinned
from tests.web import serving

pytestmark = pytest.mark.browser
_MODULES = "/static/js/scan/"


@pytest.fixture(scope="module")
def module_page(browser: Browser) -> Iterator[Page]:
    """Give one page for all vectors: they leave nothing behind."""
    with (
        serving.site({"/": "<!doctype html><title>Vectors</title>"}) as address,
        browser.new_context() as context,
    ):
        opened = context.new_page()
        complaints = chromium.watch(opened)
        opened.goto(address)
        yield opened
        assert [] == complaints


def _ask(page: Page, module: str, body: str, given: Any) -> Any:
    """Run the body of a function of `m` (the module) and `given` in the page."""
    return page.evaluate(
        f"async (given) => {{ const m = await import('{_MODULES}{module}');"
        f" const b = await import('{_MODULES}bytes.js'); {body} }}",
        given,
    )


_KEYS = "const keys = given.keys.map((one) => m.issuerKey(one));"


def test_pinned_tokens_are_read_in_every_form(module_page: Page) -> None:
    """Each form gives the token byte for byte, and the token its claims, from its first second to its last."""
    body = f"""{_KEYS} const t = await import('{_MODULES}texts.js'); const found = [];
    for (const one of given.vouchers) {{
      const forms = [one.app_text, one.address_text, one.full_address_text].map((text) => b.toHex(t.parse(text).token));
      const claims = await m.verify(b.fromHex(one.token), keys, one.claims.issued_at);
      const last = await m.verify(b.fromHex(one.token), keys, one.claims.expires_at - 1);
      found.push({{ forms, same: JSON.stringify(claims) === JSON.stringify(last), claims: {{ voucher_id: claims.id,
        issued_at: claims.issuedAt, expires_at: claims.expiresAt, kind: claims.kind, product: claims.product,
        venues: claims.venues, uses: claims.uses, value_cents: claims.value, flags: claims.flags, status_index: claims.status }} }});
    }} return found;"""
    found = _ask(module_page, "tokens.js", body, pinned.VOUCHERS)

    for vector, one in zip(pinned.VOUCHERS["vouchers"], found, strict=True):
        assert [vector["token"]] * 3 == one["forms"]
        assert vector["claims"] == one["claims"]
        assert one["same"]


def test_each_pinned_refusal_has_its_reason(module_page: Page) -> None:
    """What the server refuses is refused by the scanner for the same reason."""
    body = f"""{_KEYS} const t = await import('{_MODULES}texts.js'); const found = [];
    for (const one of given.refusals) {{
      try {{
        const parsed = t.parse(one.text);
        await m.verify(parsed.token ?? new Uint8Array(), keys, one.now, one.venue);
        found.push('accepted');
      }} catch (error) {{ found.push(error.code ?? String(error)); }}
    }} return found;"""
    given = {"keys": pinned.VOUCHERS["keys"], "refusals": pinned.REFUSALS["refusals"]}
    found = _ask(module_page, "tokens.js", body, given)

    expected = {one["name"]: one["refusal"] for one in given["refusals"]}
    assert expected == dict(zip(expected, found, strict=True))


def test_typed_codes_are_forgiven_and_slips_told(module_page: Page) -> None:
    """The pinned codes are read as people type them."""
    codes = [one["code"] for one in pinned.VOUCHERS["manual_codes"]]
    body = "return given.map((code) => [code, code.toLowerCase(), code.slice(0, 5) + '-' + code.slice(5), code.replaceAll('0', 'o').replaceAll('1', 'l')].map((one) => m.parse(one).typed));"

    assert [[code] * 4 for code in codes] == _ask(module_page, "texts.js", body, codes)


def test_signatures_are_judged_as_published(module_page: Page) -> None:
    """Wycheproof's cases: a malleable or misshapen signature is none."""
    body = """const found = [];
    for (const one of given) found.push(await m.verifies(b.fromHex(one.pk), b.fromHex(one.sig), b.fromHex(one.msg)));
    return found;"""
    cases = pinned.WYCHEPROOF["cases"]

    assert [one["result"] == "valid" for one in cases] == _ask(module_page, "bytes.js", body, cases)


def test_cbor_is_that_of_the_standard(module_page: Page) -> None:
    """RFC 8949: the examples that our part of it covers, in both directions."""
    body = """return given.map((one) => { try { return b.toHex(m.encode(m.decode(b.fromHex(one)))); } catch { return 'refused'; } });"""
    kept = ["00", "17", "1818", "1a000f4240", "1bffffffffffffffff", "3bffffffffffffffff", "20", "3863", "40",
            "4401020304", "6161", "62c3bc", "80", "8301820203820405", "a0", "a201020304", "c11a514b67b0"]  # fmt: skip
    refused = [
        "1817",
        "190017",
        "1bffff",
        "5f4101ff",
        "9fff",
        "a2020401030",
        "a201020103",
        "f6",
        "f97c00",
        "0000",
    ]

    assert kept == _ask(module_page, "cbor.js", body, kept)
    assert ["refused"] * len(refused) == _ask(module_page, "cbor.js", body, refused)


def test_live_codes_are_judged_as_pinned(module_page: Page) -> None:
    """A live code is live in its step and two around it, tells a wrong clock, and then is an old picture."""
    body = f"""const t = await import('{_MODULES}texts.js'); const found = [];
    for (const one of given) {{
      const parsed = t.parse(one.text); const step = Number(one.step);
      const keys = {{ step: 15, tolerated: 2, searched: 40, keys: new Map([[`${{one.group}}/${{Math.floor(step * 15 / 86400)}}`, b.fromHex(one.day_key)]]) }};
      const voucher = {{ id: 'a1b2c3d4e5f60718', venues: [4711] }};
      const at = async (steps) => {{ const judged = await m.judge(parsed.token, parsed.live, voucher, (step + steps) * 15, keys); return `${{judged.liveness}} ${{judged.seconds}}`; }};
      const wrong = await m.judge(parsed.token, {{ ...parsed.live, tag: parsed.live.tag.map((x) => x ^ 1) }}, voucher, step * 15, keys);
      found.push([await m.groupOf([4711]), await at(0), await at(2), await at(-3), await at(40), await at(41), wrong.liveness]);
    }} return found;"""
    vectors = pinned.load("live-codes")["codes"]

    expected = ["live 0", "live -30", "clock-off 45", "clock-off -600", "old -615", "wrong"]
    assert [[one["group"], *expected] for one in vectors] == _ask(module_page, "live.js", body, vectors)


def test_status_lists_are_expanded_as_published(module_page: Page) -> None:
    """The draft's examples have exactly the bits that it names."""
    body = """const found = [];
    for (const one of given) { const bits = await b.inflated(b.fromBase64(one.lst)); const set = [];
      for (let at = 0; at < bits.length * 8; at += 1) if (m.isInvalid(bits, at)) set.push(at);
      found.push([bits.length * 8, set, m.isInvalid(bits, bits.length * 8 + 1)]); }
    return found;"""
    lists = pinned.load("status-list")["lists"]

    expected = [[one["places"], one["invalid"], False] for one in lists]
    assert expected == _ask(module_page, "status.js", body, lists)


_EVENT = """
const known = given.fields;
const entry = { kind: known.kind, deviceMs: known.device_ms, offsetMs: known.offset_ms, anchorMs: known.anchor_ms,
  listVersion: known.list_version, tier: known.tier, decision: known.decision,
  code: /^[0-9A-HJKMNP-TV-Z]{10}$/.test(known.code) ? known.code : b.fromHex(known.code),
  live: known.live && { counter: known.live[0], tag: b.fromHex(known.live[1]) }, nonce: b.fromHex(known.nonce),
  flags: known.flags, refers: known.refers, uses: known.uses,
  more: new Map(Object.entries(known.more).map(([key, value]) => [Number(key), value])) };
const pkcs8 = b.joined(b.fromHex('302e020100300506032b657004220420'), b.fromHex(given.seed));
const signer = { deviceId: BigInt(given.device_id), publicKey: b.fromHex(given.public_key),
  privateKey: await crypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', false, ['sign']) };
const link = { seq: known.seq - 1, head: b.fromHex(known.prev) };
const { data, link: next } = await m.sign(entry, link, signer);
return { payload: b.toHex(m.payload(entry, signer.deviceId, link)), event: b.toHex(data), digest: b.toHex(next.head) };
"""


def test_events_of_the_log_are_pinned_byte_for_byte(module_page: Page) -> None:
    """What a device writes down is what the server reads: payload, signature and the link to the next event."""
    vectors = pinned.load("scan_events")
    shared = {name: vectors[name] for name in ("seed", "public_key", "device_id")}

    for one in vectors["events"]:
        made = _ask(module_page, "events.js", _EVENT, {"fields": one["fields"], **shared})
        assert {name: one[name] for name in made} == made, one["name"]


def test_a_log_as_a_file_is_pinned(module_page: Page) -> None:
    """The owner's file begins with the device and holds each event with its length; an invitation is signed."""
    vectors = pinned.load("scan_events")
    file = vectors["file"]
    body = """const signer = { deviceId: BigInt(given.device_id), publicKey: b.fromHex(given.public_key) };
    const begin = await m.beginning(signer.publicKey);
    return [b.toHex(m.file(signer, given.events.map((one) => b.fromHex(one)))), b.toHex(begin.head)];"""
    events = [one["event"] for one in vectors["events"][: file["events"]]]

    made = _ask(module_page, "events.js", body, {**vectors, "events": events})
    assert [file["data"], vectors["beginning"]] == made


def test_decisions_without_a_network_are_pinned(module_page: Page) -> None:
    """What a device lets in alone is what the server finds right when the log is handed in."""
    body = """return given.map(({ policy, facts }) => m.decide(m.read(policy), { ...facts, valueCents: facts.value_cents,
      movingSeen: facts.moving_seen, idSeen: facts.id_seen, listAge: facts.list_age_seconds, spentCents: facts.spent_cents }));"""
    cases = pinned.load("offline_policy")["cases"]

    expected = {one["name"]: {"code": one["code"], "ground": one["ground"]} for one in cases}
    assert expected == dict(zip(expected, _ask(module_page, "policy.js", body, cases), strict=True))


def test_who_is_inside_follows_by_the_same_rules(module_page: Page) -> None:
    """The pinned cases of gates, which the server passes, too."""
    cases = pinned.load("gates")["cases"]
    body = """return given.map((one) => {
      const here = m.presence([...one.passages].sort((a, b) => a[0] - b[0] || a[1] - b[1]).map(([at, id, what, persons]) => ({ at, id, persons, out: what === 'out', again: what === 'again' })));
      return [here.admitted, here.inside, m.outside(here, one.uses), m.entering(here, one.persons, one.uses, one.left)];
    });"""
    found = _ask(module_page, "gates.js", body, cases)
    names = ("admitted", "inside", "outside", "entering")
    assert [[one[name] for name in names] for one in cases] == found
