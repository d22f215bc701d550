"""What a network does, found by calling it."""

from typing import Any

from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from perf.workloads.recorder import Recorder
from perf.workloads.workload import Workload

__all__ = ["extract"]


def extract(
    module: nn.Module, *inputs: Any, name: str = "", allow_unknown: bool = False, **named: Any
) -> Workload:
    """Call ``module(*inputs, **named)`` once and say what it did.

    On the device ``meta`` nothing is computed and no memory taken: a network of any size takes a second.

    Parameters
    ----------
    module:
        The network, in evaluation mode.
    inputs, named:
        What it is called with, on its device.
    name:
        Of the workload; the class of ``module`` if empty.
    allow_unknown:
        Take operators in that are in no list, as of kind ``"unknown"`` with their traffic, rather than refuse
        them.

    Raises
    ------
    ValueError
        For a network in training mode, attention that drops, or an operator in no list: it may hide products.
    """
    if any(part.training for part in module.modules()):
        raise ValueError("the network is in training mode: call eval() first")
    with Recorder() as recorder:
        result = module(*inputs, **named)
    given = {id(leaf): leaf for leaf in tree_leaves((inputs, named, result)) if isinstance(leaf, Tensor)}
    workload = Workload(
        name=name or type(module).__name__,
        parameters=sum(parameter.numel() for parameter in module.parameters()),
        weights=sum(recorder.weights.values()),
        bytes_given=sum(tensor.numel() * tensor.element_size() for tensor in given.values()),
        operations=tuple(recorder.operations),
    )
    if workload.unknown and not allow_unknown:
        raise ValueError(
            f"operators in no list of perf.workloads.kinds: {', '.join(sorted(workload.unknown))};"
            " allow_unknown=True takes them as traffic without products"
        )
    return workload
