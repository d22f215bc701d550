"""Which layers of a model can be quantized, and why others cannot."""

from collections.abc import Iterator, Mapping

from torch import nn
from torch.nn.utils import parametrize

__all__ = ["OUTSIDE", "linear_layers", "quantizable_linears", "refusal"]

OUTSIDE = "lies outside of the repeated blocks"

_HOOKS = ("_forward_pre_hooks", "_forward_hooks", "_backward_pre_hooks", "_backward_hooks")


def refusal(linear: nn.Linear) -> str | None:
    """Why a linear layer cannot be quantized, or None: all that it does besides its product would be lost."""
    kind = type(linear)
    if kind.forward is not nn.Linear.forward and not parametrize.is_parametrized(linear):
        return f"is a {kind.__name__}, whose forward is not that of torch.nn.Linear"
    if "forward" in vars(linear):
        return "has a forward that was put in place of that of torch.nn.Linear"
    if parametrize.is_parametrized(linear):
        return "has parametrizations: remove_parametrizations() makes weights of them"
    if any(getattr(linear, hooks) for hooks in _HOOKS):
        return "has hooks, which its replacement would not call"
    return None


def linear_layers(model: nn.Module) -> dict[str, str | None]:
    """Every linear layer by path, and why it cannot be quantized, by `refusal` or by where it lies, or None.

    Layers of the model's repeated blocks can be. Blocks are members of a ``ModuleList``, and of a
    ``Sequential`` or ``ModuleDict`` that has several of one class. Embeddings, and the layer that makes the
    output, stay outside, as they do in the literature.
    """
    modules = dict(model.named_modules())
    blocks = tuple(f"{path}." for path in _blocks(modules))
    inner = {id(m) for module in modules.values() for m in _own_products(module)}
    found: dict[str, str | None] = {}
    for path, module in modules.items():
        if isinstance(module, nn.Linear):
            reason = refusal(module)
            if id(module) in inner:
                reason = "is multiplied by torch.nn.MultiheadAttention itself, which does not call it"
            elif not f"{path}.".startswith(blocks):
                reason = OUTSIDE
            found[path] = reason
    return found


def quantizable_linears(model: nn.Module) -> dict[str, nn.Linear]:
    """Linear layers that can be quantized, by path, see `linear_layers`.

    Layers whose input is one vector per sample (adaLN modulation) are a negligible part of the work: they
    are left out as soon as they are seen at work.
    """
    modules = dict(model.named_modules())
    found = {path: modules[path] for path, reason in linear_layers(model).items() if reason is None}
    return {path: module for path, module in found.items() if isinstance(module, nn.Linear)}


def _blocks(modules: Mapping[str, nn.Module]) -> Iterator[str]:
    for path, module in modules.items():
        children = dict(module.named_children())
        if isinstance(module, nn.ModuleList):
            repeated = set(children)
        elif isinstance(module, nn.Sequential | nn.ModuleDict):
            kinds = [type(child) for child in children.values()]
            repeated = {
                name
                for name, child in children.items()
                if kinds.count(type(child)) > 1 and any(True for _ in child.children())
            }
        else:
            continue
        yield from (f"{path}.{name}" if path else name for name in repeated)


def _own_products(module: nn.Module) -> Iterator[nn.Module]:
    """Linear layers whose weights ``module`` multiplies itself."""
    if isinstance(module, nn.MultiheadAttention):
        yield from module.modules()
