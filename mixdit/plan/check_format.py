"""Which formats a plan may name."""

from golden.formats import STREAM_FORMATS

__all__ = ["check_format"]


def check_format(name: str, fmt: object) -> None:
    """Raise ``ValueError`` for what is none of the formats that the array multiplies."""
    if fmt not in STREAM_FORMATS:
        allowed = ", ".join(f.name for f in STREAM_FORMATS)
        raise ValueError(f"{name} must be one of {allowed}, not {fmt}")
