"""A copy of a quantized model that computes as the hardware does between its products, too."""

from torch import nn

from mixdit.layers.attention import MXAttention
from mixdit.layers.block_functions import BlockFunctions, HardwareFunctions
from mixdit.layers.hardware_attention import HardwareAttention
from mixdit.layers.modules import Model, copy_structure, replace_module

__all__ = ["with_hardware_functions"]


def with_hardware_functions(model: Model) -> Model:
    """Copy a model, with `HardwareAttention` for each `MXAttention`, and `HardwareFunctions` elsewhere.

    Parameters
    ----------
    model:
        What `quantize_model` gave for a model whose modules take what they compute between products from an
        attribute ``functions``, a `BlockFunctions`, as a `DigitsTransformer` does. Parameters are shared.

    Raises
    ------
    ValueError
        No module has such an attribute.
    """
    result = copy_structure(model)
    users = [
        module
        for module in result.modules()
        if isinstance(getattr(module, "functions", None), BlockFunctions)
    ]
    if not users:
        raise ValueError("model must have modules with functions, such as a DigitsTransformer, and has none")
    for module in users:
        module.functions = HardwareFunctions()
    attentions: dict[str, nn.Module] = dict(result.named_modules())
    for path, module in attentions.items():
        if type(module) is MXAttention:
            replace_module(result, path, HardwareAttention(module.heads, module.mode))
    return result
