"""A mutant: a place in the source of the hardware, and what is changed there."""

from dataclasses import dataclass

__all__ = ["Site"]


@dataclass(frozen=True, order=True)
class Site:
    """One change.

    Parameters
    ----------
    module:
        Name of the module.
    line, column, end_line, end_column:
        Of the expression, as ``ast`` counts.
    change:
        What becomes of it, a key of `verif.mutation.runtime.CHANGES`.
    text:
        The expression.
    within:
        The function that it is in.
    """

    module: str
    line: int
    column: int
    end_line: int
    end_column: int
    change: str
    text: str
    within: str

    @property
    def key(self) -> str:
        """What stays when lines above change: to say of a survivor why it is one."""
        return f"{self.module}.{self.within}: {self.text}: {self.change}"
