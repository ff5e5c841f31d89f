"""The environments that a service runs in; each is also the profile that is laid over the file."""

from enum import StrEnum

_OTHER_WORDS = {
    "dev": "development",
    "local": "development",
    "testing": "test",
    "stage": "staging",
    "prod": "production",
}


class EnvironmentEnum(StrEnum):
    """Where the service runs; staging and production refuse what is only fit for a developer's machine."""

    DEVELOPMENT = "development"
    TEST = "test"
    STAGING = "staging"
    PRODUCTION = "production"

    @classmethod
    def _missing_(cls, value: object) -> "EnvironmentEnum | None":
        word = str(value).strip().casefold()
        known = _OTHER_WORDS.get(word, word)
        return next((member for member in cls if member.value == known), None)

    @property
    def is_production_like(self) -> bool:
        """True where weak secrets, wildcards and debug switches refuse the start."""
        return self in {EnvironmentEnum.STAGING, EnvironmentEnum.PRODUCTION}
