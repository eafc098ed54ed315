"""Settings of a process, read once from the environment (`DUISCOIN_...`) and passed down."""

from pathlib import Path

from pydantic import Field, SecretStr, ValidationInfo, field_validator
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
    photos_bucket_url: str | None = Field(default=None, pattern=r"^https?://[^/?#@]+(/[^?#]*)?$")
    """Bucket of a store that speaks S3, as it is addressed; else photos lie in the data directory."""
    photos_bucket_region: str = "us-east-1"
    """Region that goes into the signatures; stores on site mostly take this one."""
    photos_bucket_key_id: str | None = None
    """Name of the key with which the bucket is asked."""
    photos_bucket_secret: SecretStr | None = Field(default=None, validate_default=True)
    """That key's secret."""
    stripe_secret_key: SecretStr | None = None
    """Secret key of the city's account at Stripe; without it and the next one Stripe is not offered."""
    stripe_webhook_secret: SecretStr | None = None
    """By which Stripe signs its messages to `/webhooks/payments/stripe`."""
    stripe_address: str | None = None
    """Another address of Stripe's interface: for tests."""
    xbezahldienste_url: str = ""
    """Base address of a payment service that speaks XBezahldienste 1.0; empty: none."""
    xbezahldienste_originator: str = ""
    """By which the service knows this online service."""
    xbezahldienste_end_point: str = ""
    """By which it knows the authority, often its municipality key (AGS)."""
    xbezahldienste_token_url: str = ""
    """Where tokens are got by client credentials; empty: the certificate is enough."""
    xbezahldienste_client_id: str = ""
    xbezahldienste_client_secret: SecretStr | None = None
    xbezahldienste_certificate: Path | None = None
    """Client certificate (PEM) for mutual TLS."""
    xbezahldienste_certificate_key: Path | None = None
    xbezahldienste_callback_secret: SecretStr | None = Field(default=None, min_length=16)
    """Bearer token of messages that the service sends by agreement; without one they are refused."""
    demo: bool = False
    """Show sign-in codes on the page and mark the city as a demonstration. Never in production."""
    trusted_proxies: str = "127.0.0.1"
    """Addresses whose X-Forwarded-For is believed, comma separated."""
    metrics_token: SecretStr | None = Field(default=None, min_length=16)
    """Bearer token for `/metrics`; without one only programs of this machine may ask."""
    json_logs: bool = False
    """Write log lines as JSON instead of text."""

    @field_validator("photos_bucket_secret")
    @classmethod
    def _whole_bucket(cls, secret: SecretStr | None, others: ValidationInfo) -> SecretStr | None:
        if others.data.get("photos_bucket_url") and not (others.data.get("photos_bucket_key_id") and secret):
            msg = "a bucket needs the name of a key and its secret"
            raise ValueError(msg)
        return secret

    apple_pass_type: str | None = None
    """Pass type identifier from Apple, such as `pass.de.duisburg.duiscoin`; with the next five, vouchers go
    into Apple's wallet."""
    apple_team: str | None = None
    """Team identifier of the city's developer account."""
    apple_pass_certificate: Path | None = None
    """Certificate of the pass type, in PEM."""
    apple_pass_key: Path | None = None
    """Its private key, in PEM."""
    apple_pass_key_password: SecretStr | None = None
    """What opens the key, if it is locked."""
    apple_intermediate_certificate: Path | None = None
    """Apple's Worldwide Developer Relations certificate, in PEM."""
    google_wallet_issuer: str | None = None
    """Issuer's number from Google; with the next one, vouchers go into Google's wallet."""
    google_wallet_account: Path | None = None
    """File of the service account that signs, as Google gives it (JSON)."""
