"""What a simulated design must not do."""

__all__ = ["HarnessError"]


class HarnessError(RuntimeError):
    """The design hung, broke a bus protocol, or gave beats in a wrong order."""
