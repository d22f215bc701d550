"""Mutants that no test can or need kill, each with the reason."""

__all__ = ["REASONS"]

REASONS: dict[str, str] = {}
"""By `Site.key`."""
