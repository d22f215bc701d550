"""Who makes calls."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol, Self

__all__ = ["Executor", "Here"]


class Executor(Protocol):
    """Makes calls, as a context manager."""

    @property
    def slots(self) -> int:
        """Calls at a time."""

    @property
    def reserve(self) -> int:
        """Calls that should wait meanwhile, for whoever has done one."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(self, *exc: Any) -> None:
        """End: calls that nobody waits for any more are not made."""

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Begin a call. BrokenExecutor is its result if it is lost with its process; others are not."""

    def result(self, future: Future[Any]) -> Any:
        """What a call that has ended returned or raised."""


class Here:
    """The calling process itself."""

    slots = 1
    reserve = 0  # a call is made as it is submitted: the result of the one before would wait for it

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: Any) -> None:
        """Nothing to end."""

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(function(*arguments))
        return future

    def result(self, future: Future[Any]) -> Any:
        return future.result()
