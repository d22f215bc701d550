"""Errors of synthesis."""

__all__ = ["SynthesisError"]


class SynthesisError(RuntimeError):
    """A tool is missing, or failed on a design; the message is one line for the user."""

    exit_status = 1
