"""What can go wrong behind a port."""

from golden.engine import ErrorCode


class EngineError(RuntimeError):
    """The engine stopped, and takes no job until ``reset()``.

    Attributes
    ----------
    code:
        Why; an int where the engine names a reason that this driver does not know.
    address:
        Address that memory refused, or of an entry that no list may have; 0 for a descriptor that the engine
        refused.
    job:
        The first job that is not complete.
    """

    def __init__(self, code: int, address: int, job: int) -> None:
        self.code: int = code
        self.address = address
        self.job = job
        name, meaning = f"unknown code {code}", "the engine is newer than this driver"
        if code in list(ErrorCode):
            self.code = ErrorCode(code)
            name, meaning = self.code.name, self.code.meaning
        placed = code >= ErrorCode.READ_SLAVE_ERROR or code == ErrorCode.LIST
        where = f" at {address:#x}" if placed else ""
        super().__init__(
            f"the engine stopped with {name}{where}: {meaning}; jobs from number {job} on are not complete,"
            " and it takes no other until reset()"
        )


class EngineTimeoutError(RuntimeError):
    """The engine made no progress."""
