"""Words of Tcl."""

import re

__all__ = ["quoted"]


def quoted(text: str) -> str:
    """``text`` as one word, in which nothing is substituted; its braces must be balanced."""
    return text if re.fullmatch(r"[\w.:/-]+", text) else f"{{{text}}}"
