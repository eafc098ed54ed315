"""The page that checks receipts: one file that works from disk, and what a city adds when it serves it."""

import base64
import functools
import hashlib
import json
import re
from collections.abc import Sequence
from importlib import resources

_PRESET = re.compile(r'(<script type="application/json" id="preset">).*?(</script>)', re.DOTALL)
_INLINE = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)


@functools.cache
def page() -> str:
    """Return the page as it is in the source: whoever uses it brings the keys."""
    return (resources.files("web") / "receipts" / "verify.html").read_text(encoding="utf-8")


def preset(key: str, witnesses: Sequence[str]) -> str:
    """Return the page with a city's public key, and those of witnesses, filled in."""
    # A closing tag inside a string would end the block.
    data = json.dumps({"key": key, "witnesses": list(witnesses)}).replace("<", "\\u003c")
    return _PRESET.sub(lambda match: f"{match[1]}{data}{match[2]}", page())


@functools.cache
def policy() -> str:
    """Return the content security policy under which the page, and nothing else, runs."""
    allowed: dict[str, list[str]] = {"script": [], "style": []}
    for kind, content in _INLINE.findall(page()):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        allowed[kind].append(f"'sha256-{digest}'")
    return (
        f"default-src 'none'; script-src {' '.join(allowed['script'])}; "
        f"style-src {' '.join(allowed['style'])}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
