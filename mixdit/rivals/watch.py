"""Linear layers and attention, seen at work."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from torch import Tensor, nn

from mixdit.layers.attention import ScaledDotProductAttention
from mixdit.layers.attention_sites import attention_sites, with_attention
from mixdit.layers.modules import replace_module
from mixdit.layers.quantizable import quantizable_linears

__all__ = ["watch_layers"]

SeeLinear = Callable[[str, Tensor], None]
SeeAttention = Callable[[str, Tensor, Tensor, Tensor], None]


@contextmanager
def watch_layers(model: nn.Module, linear: SeeLinear, attention: SeeAttention) -> Iterator[None]:
    """While active, ``linear(path, x)`` and ``attention(path, q, k, v)`` are called before each layer works.

    Linear layers are those of `quantizable_linears`, with inputs ``[batch, ..., channels]``; operands of
    attention are ``[batch, heads, tokens, head_dim]``.
    """
    with ExitStack() as stack:
        for path, layer in quantizable_linears(model).items():
            hook = layer.register_forward_pre_hook(lambda m, args, path=path: linear(path, args[0]))
            stack.callback(hook.remove)
        for path, site in attention_sites(model).items():
            watched = with_attention(site, _WatchedAttention(path, attention), required=False)
            replace_module(model, path, watched)
            stack.callback(replace_module, model, path, site)
        yield


class _WatchedAttention(ScaledDotProductAttention):
    """Attention in floating point that shows its operands first."""

    def __init__(self, path: str, see: SeeAttention) -> None:
        super().__init__()
        self.path, self.see = path, see

    def forward(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None, scale: float | None = None
    ) -> Tensor:
        self.see(self.path, q, k, v)
        return super().forward(q, k, v, mask, scale)
