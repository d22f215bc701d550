"""Which layers get their input from a neighbour that can shift and scale its channels."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakIdKeyDictionary

from mixdit.layers.batches import Batch, call
from mixdit.rivals.layers import Layers
from mixdit.rivals.watch import watch_layers

__all__ = ["Neighbour", "find_neighbours"]

_NORMS = (functional.layer_norm, functional.rms_norm)

_BY_CHANNEL = ("mul", "__mul__", "__rmul__", "add", "__add__", "__radd__")
"""What may follow a norm: a modulation, which can hold the shift and the scale."""

_SAME_CHANNELS = (
    *("view", "reshape", "transpose", "permute", "flatten", "contiguous", "squeeze", "unsqueeze"),
    *("__getitem__", "to", "type_as", "float", "dropout", "clone"),
)
"""What may follow both: channels are what they were, maybe split into heads meanwhile."""


@dataclass(eq=False)
class Neighbour:
    """What makes the input of some layers, and can shift and scale it.

    Parameters
    ----------
    attention:
        The path of an attention, which does so by its values; None for a norm with its modulation.
    layers:
        Paths of the linear layers: all get the same shift and scale.
    """

    attention: str | None = None
    layers: list[str] = field(default_factory=list)


def find_neighbours(model: nn.Module, batch: Batch, layers: Layers) -> list[Neighbour]:
    """Neighbours of the ``layers`` in a pass of ``model`` on ``batch``, in the order of the pass.

    An input comes from a norm if nothing but sums and products with parameters by channel lies between, and
    from an attention if nothing does. Behind activation functions and residual sums nobody can shift.
    """
    trace = _Trace()
    # Tensors that one norm was modulated to differ in their modulation; those of one attention in nothing.
    by_input = WeakIdKeyDictionary()
    found: dict[int, Neighbour] = {}

    def see_linear(path: str, x: Tensor) -> None:
        origin = trace.origins.get(x)
        if path not in layers.linears or origin is None:
            return
        neighbour = origin if origin.attention else by_input.setdefault(x, Neighbour())
        found[id(neighbour)] = neighbour
        neighbour.layers.append(path)

    def see_attention(path: str, q: Tensor, k: Tensor, v: Tensor) -> None:
        trace.attention = path

    with torch.inference_mode(), watch_layers(model, see_linear, see_attention), trace:
        call(model, batch)
    return list(found.values())


class _Trace(TorchFunctionMode):
    """Follows tensors from norms and attentions on; ``attention`` is the path of the latest."""

    def __init__(self) -> None:
        super().__init__()
        self.origins = WeakIdKeyDictionary()
        self.attention = ""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        output = function(*args, **(kwargs or {}))
        origin = self._origin(function, args, output)
        if origin is not None:
            for tensor in output if isinstance(output, tuple | list) else (output,):
                if isinstance(tensor, Tensor):
                    self.origins[tensor] = origin
        return output

    def _origin(self, function: Any, args: Sequence[Any], output: Any) -> Neighbour | None:
        name = getattr(function, "__name__", "")
        if function in _NORMS:
            return Neighbour()
        if function is functional.scaled_dot_product_attention:
            return Neighbour(self.attention)
        if name in ("cat", "concat"):
            return self._of_all(args[0])
        if not args or not isinstance(args[0], Tensor):
            return None
        if name in _SAME_CHANNELS:
            return self._known(args[0])
        if name in _BY_CHANNEL and len(args) > 1:
            origins = [origin for x in args[:2] if (origin := self._known(x)) is not None]
            other = args[1] if self._known(args[0]) is not None else args[0]
            by_channel = not isinstance(other, Tensor) or other.ndim < 2 or other.shape[-2] == 1
            if len(origins) == 1 and origins[0].attention is None and by_channel:
                return origins[0]
        return None

    def _of_all(self, parts: Sequence[Any]) -> Neighbour | None:
        """Tokens of several norms together are as those of one."""
        origins = [self._known(x) for x in parts]
        return Neighbour() if all(o is not None and o.attention is None for o in origins) else None

    def _known(self, x: Any) -> Neighbour | None:
        found: Neighbour | None = self.origins.get(x) if isinstance(x, Tensor) else None
        return found
