"""SecretUrl: a URL that shows everything but its password."""

from pydantic import Secret

from fastapi_chassis.config.masking import MASK, masked_text


class SecretUrl(Secret[str]):
    """A URL whose password never shows: its repr and its JSON are `postgresql://u:***@host/db`.

    A text that is no URL shows nothing at all.
    """

    def _display(self) -> str:
        text = self.get_secret_value()
        return masked_text(text) if "://" in text or not text else MASK
