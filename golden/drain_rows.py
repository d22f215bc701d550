"""The usual height of a drain segment."""

__all__ = ["usual_drain_rows"]


def usual_drain_rows(rows: int) -> int:
    """Rows of each drain segment where none are asked for: the most, up to 4, that divide ``rows``.

    For what is no number of rows it is 1: whoever takes ``rows`` refuses that.
    """
    return next((n for n in (4, 3, 2) if isinstance(rows, int) and rows % n == 0), 1)
