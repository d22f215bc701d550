"""Errors of synthesis."""

__all__ = ["OutOfMemoryError", "SynthesisError"]


class SynthesisError(RuntimeError):
    """A tool is missing, or failed on a design; the message is one line for the user."""

    exit_status = 1


class OutOfMemoryError(SynthesisError):
    """A tool in WebAssembly needed more than the 4 GiB that it can address."""
