"""The nearest known name to a mistyped one."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known name that was probably meant, or None."""
    folded = {candidate.casefold().replace("-", "_"): candidate for candidate in known}
    matches = get_close_matches(name.casefold().replace("-", "_"), folded, n=1, cutoff=cutoff)
    return folded[matches[0]] if matches else None


def suggestion(name: str, known: Iterable[str]) -> str:
    """What to do about an unknown name: the nearest known one, or all of them."""
    names = sorted(known)
    near = nearest(name, names)
    if near is not None:
        return f"Did you mean {near}?"
    if not names:
        return "remove it"
    return f"known here: {', '.join(names[:12])}{', ...' if len(names) > 12 else ''}"
