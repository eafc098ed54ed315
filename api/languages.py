"""Which language an answer is in: chosen, then the account's, then the browser's."""

from collections.abc import Sequence

from fastapi import Request

from identity.persons import LANGUAGES
from web.catalogues import SCANNER_LANGUAGES

COOKIE = "duiscoin_language"


def of(request: Request, account_language: str | None = None) -> str:
    """Return one of LANGUAGES."""
    return _chosen(request, LANGUAGES, account_language)


def of_scanner(request: Request) -> str:
    """Return one of SCANNER_LANGUAGES: the scanner speaks more languages than the other pages."""
    return _chosen(request, SCANNER_LANGUAGES)


def _chosen(request: Request, offered: Sequence[str], account_language: str | None = None) -> str:
    chosen = request.query_params.get("lang") or request.cookies.get(COOKIE) or account_language
    if chosen in offered:
        return str(chosen)
    for part in request.headers.get("accept-language", "").split(","):
        wanted = part.split(";")[0].strip().lower()[:2]
        if wanted in offered:
            return wanted
    return offered[0]
