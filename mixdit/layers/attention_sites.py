"""Where a model attends, and how to put another attention there."""

from typing import Any

from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from mixdit.layers.attention import ScaledDotProductAttention
from mixdit.state import has_state_of

__all__ = ["RedirectedAttention", "attention_sites", "original_submodule", "with_attention"]


class _Redirect(TorchFunctionMode):
    """Sends calls of ``scaled_dot_product_attention`` to a module while it is active."""

    def __init__(self, attention: nn.Module) -> None:
        super().__init__()
        self.attention = attention
        self.called = False

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function is not functional.scaled_dot_product_attention:
            return function(*args, **(kwargs or {}))
        return self._attend(*args, **(kwargs or {}))

    def _attend(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attn_mask: Tensor | None = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,
        scale: float | None = None,
        enable_gqa: bool = False,
    ) -> Any:
        if is_causal or enable_gqa or dropout_p:
            raise ValueError("causal attention, grouped queries and dropout cannot be quantized")
        self.called = True
        return self.attention(query, key, value, mask=attn_mask, scale=scale)


class RedirectedAttention(nn.Module):
    """A module, such as an attention of diffusers, whose scaled dot-product attention another one computes.

    Projections, norms and joint attention stay as the module and its processor do them, and its state is the
    module's.

    Parameters
    ----------
    module:
        The original.
    attention:
        Takes the place of ``scaled_dot_product_attention`` in it, see `ScaledDotProductAttention.forward`.
    required:
        Whether the module must call it.
    """

    def __init__(self, module: nn.Module, attention: nn.Module, *, required: bool = True) -> None:
        super().__init__()
        self.module, self.attention, self.required = module, attention, required
        has_state_of(self, ["module"])

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """As the original module; ValueError if it attends in another way than it must."""
        redirect = _Redirect(self.attention)
        with redirect:
            output = self.module(*args, **kwargs)
        if self.required and not redirect.called:
            names = [type(self.module).__name__]
            processor: Any = getattr(self.module, "get_processor", None)
            if processor is not None:
                names.append(type(processor()).__name__)
            raise ValueError(
                f"{' with '.join(names)} does not attend by scaled_dot_product_attention, "
                "so its attention cannot be quantized"
            )
        return output


def attention_sites(model: nn.Module) -> dict[str, nn.Module]:
    """Modules that attend, by path: `ScaledDotProductAttention`, and what has a processor as in diffusers."""
    return {
        path: module
        for path, module in model.named_modules()
        if isinstance(module, ScaledDotProductAttention)
        or (hasattr(module, "get_processor") and hasattr(module, "set_processor"))
    }


def with_attention(module: nn.Module, attention: nn.Module, *, required: bool = True) -> nn.Module:
    """What takes the place of ``module``, one of `attention_sites`, for ``attention`` to attend there.

    ``required`` as in `RedirectedAttention`.
    """
    if isinstance(module, ScaledDotProductAttention):
        return attention
    return RedirectedAttention(module, attention, required=required)


def original_submodule(model: nn.Module, path: str) -> nn.Module:
    """The module that was at ``path`` before `with_attention` put others around it, or what stands for it.

    Raises ``AttributeError`` if there is none.
    """
    for name in path.split(".") if path else ():
        if isinstance(model, RedirectedAttention):
            model = model.module
        model = model.get_submodule(name)
    return model
