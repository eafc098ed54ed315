"""Settings of a process, read once from the environment (`DUISCOIN_...`) and passed down."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Everything that differs between installations; a city's own choices are data (`kernel.cities`)."""

    model_config = SettingsConfigDict(env_prefix="DUISCOIN_", frozen=True, extra="forbid", env_file=None)

    database_url: str
    """SQLAlchemy URL: `sqlite:///path/file.db` or `postgresql://user@host/name`."""
    secret_key: SecretStr = Field(min_length=32)
    """At least 32 characters; signs CSRF tokens and seals the cities' signing keys. There is no default."""
    previous_secret_keys: tuple[SecretStr, ...] = ()
    """Older secret keys that may still open what they sealed."""
    data_directory: Path
    """Where uploaded evidence and exports are kept."""
    public_url: str = "http://localhost:8000"
    """Address at which citizens reach this installation; goes into printed vouchers and e-mails."""
    default_city: str | None = None
    """Slug of the city that is served when the host name names none."""
    redis_url: str | None = None
    """`redis://...` for rate limits shared by several processes; else each process counts for itself."""
    smtp_url: str | None = None
    """`smtp://user:password@host:port` (`smtps://` for TLS from the start); else e-mails go to the log."""
    email_from: str = "duiscoin@localhost"
    """Sender of e-mails."""
    seal_seconds: float = Field(default=30, gt=0)
    """How often the worker looks whether something was booked that the transparency log lacks."""
    photos_kept_days: int = Field(default=90, ge=1, le=3650)
    """How long photos are kept after their submission was closed."""
    demo: bool = False
    """Show sign-in codes on the page and mark the city as a demonstration. Never in production."""
    trusted_proxies: str = "127.0.0.1"
    """Addresses whose X-Forwarded-For is believed, comma separated."""
    metrics_token: SecretStr | None = Field(default=None, min_length=16)
    """Bearer token for `/metrics`; without one only programs of this machine may ask."""
    json_logs: bool = False
    """Write log lines as JSON instead of text."""
