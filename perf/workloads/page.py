"""The page of the documentation that performance has, whose tables commands write."""

from pathlib import Path

from gen.markdown import renew_section

__all__ = ["PAGE", "publish"]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"


def publish(name: str, text: str) -> None:
    """Put ``text`` between the marks of ``name`` in ``PAGE``."""
    renew_section(PAGE, name, text)
