"""The user's networks that judge pictures, from files."""

import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mixdit.compare.comparison import CompareError

__all__ = ["Features", "load_extractor"]


def load_extractor(path: Path) -> nn.Module:
    """A network that ``torch.export.save`` or ``torch.jit.save`` wrote; CompareError if it is neither."""
    try:
        if path.suffix == ".pt2":
            return torch.export.load(path).module()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # published networks are in this form
            network: nn.Module = torch.jit.load(path, map_location="cpu")  # type: ignore[no-untyped-call]
        return network
    except Exception as error:  # whatever a file of another kind makes them raise
        reason = " ".join(str(error).split())[:200]
        raise CompareError(f"{path} is no network of torch.export (.pt2) or TorchScript: {reason}") from error


class Features(nn.Module):
    """Features of pictures, one by one, as torchmetrics takes them.

    Parameters
    ----------
    network:
        From uint8 ``[1, 3, height, width]`` to features, of any shape.
    example:
        A picture.
    path:
        Of the network, for messages.

    Raises
    ------
    CompareError
        The network does not take the picture, or what it gives is not finite.
    """

    def __init__(self, network: nn.Module, example: Tensor, path: Path) -> None:
        super().__init__()
        self.network = network
        try:
            features = self.forward(example[None])
        except Exception as error:  # of any network
            reason = " ".join(str(error).split())[:200]
            shape = list(example.shape)
            raise CompareError(f"{path} does not take pictures uint8 {[1, *shape]}: {reason}") from error
        if not features.isfinite().all():
            raise CompareError(f"{path} gives features that are not finite")
        self.num_features = features.shape[1]

    def forward(self, pictures: Tensor) -> Tensor:
        """uint8 ``[n, 3, height, width]`` to float32 ``[n, features]``."""
        return torch.cat([self._flat(self.network(picture[None])) for picture in pictures])

    @staticmethod
    def _flat(output: Any) -> Tensor:
        found = output if isinstance(output, Tensor) else output[0]
        flat: Tensor = found.float().reshape(1, -1)
        return flat
