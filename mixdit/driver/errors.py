"""What can go wrong behind a port."""

from golden.engine import ErrorCode


class EngineError(RuntimeError):
    """The engine stopped.

    Attributes
    ----------
    code:
        Why.
    address:
        Address that memory refused; 0 for a descriptor that the engine refused.
    """

    def __init__(self, code: ErrorCode, address: int) -> None:
        self.code = code
        self.address = address
        where = f" at {address:#x}" if code >= ErrorCode.READ_SLAVE_ERROR else ""
        super().__init__(f"the engine stopped with {code.name}{where}: {code.meaning}")


class EngineTimeoutError(RuntimeError):
    """The engine made no progress."""
