"""Which language an answer is in: chosen, then the account's, then the browser's."""

from fastapi import Request

from identity.persons import LANGUAGES

COOKIE = "duiscoin_language"


def of(request: Request, account_language: str | None = None) -> str:
    """Return one of LANGUAGES."""
    chosen = request.query_params.get("lang") or request.cookies.get(COOKIE) or account_language
    if chosen in LANGUAGES:
        return str(chosen)
    for part in request.headers.get("accept-language", "").split(","):
        wanted = part.split(";")[0].strip().lower()[:2]
        if wanted in LANGUAGES:
            return wanted
    return LANGUAGES[0]
