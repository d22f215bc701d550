"""What a layer makes of its weight, kept until the weight changes."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from torch import Tensor

from mixdit.tensors.quantize import is_plain

__all__ = ["MadeOfWeight"]

Made = TypeVar("Made")


class MadeOfWeight(Generic[Made]):
    """Calls ``make(weight)`` when a weight is new, or was written to, since the last call.

    Writes are seen as PyTorch counts them: by operations in place, ``load_state_dict`` and optimizers, and
    another tensor in its place. Those through ``weight.data`` are not; `forget` after them.

    Parameters
    ----------
    make:
        Called with the weight. What it gives is neither copied nor pickled with this object.
    """

    def __init__(self, make: Callable[[Tensor], Made]) -> None:
        self.make = make
        self._seen: Tensor | None = None
        self._version = -1
        self._made: Made | None = None

    def __call__(self, weight: Tensor) -> Made:
        """What ``make`` gives, or gave for this weight."""
        if not self.keeps(weight):
            return self.make(weight)
        if self._made is None or not self._is_seen(weight):
            self.forget()
            made = self.make(weight)
            # An alias keeps the memory from being used again for another weight, and shares the count.
            self._seen, self._version, self._made = weight.detach(), weight._version, made
        return self._made

    def keeps(self, weight: Tensor) -> bool:
        """Whether this is an ordinary tensor, and nobody traces or differentiates what is made of it."""
        return is_plain(weight) and not weight.is_inference()  # whose writes are not counted

    def forget(self) -> None:
        """Make it anew in the next call."""
        self._seen = self._made = None

    def _is_seen(self, weight: Tensor) -> bool:
        seen = self._seen
        return (
            seen is not None
            and weight._version == self._version
            and seen.data_ptr() == weight.data_ptr()
            and (seen.dtype, seen.device) == (weight.dtype, weight.device)
            and (seen.shape, seen.stride()) == (weight.shape, weight.stride())
        )

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_seen": None, "_made": None}
