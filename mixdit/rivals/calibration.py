"""What variants of a model are made from."""

from collections.abc import Sequence
from functools import cached_property

from torch import nn

from mixdit.calibration.calibrate import collect
from mixdit.calibration.settings import Settings
from mixdit.calibration.statistics import Statistics
from mixdit.layers.batches import Batch
from mixdit.rivals.layers import Layers, find_layers
from mixdit.rivals.statistics import RangesOf, collect_ranges, timestep_of

__all__ = ["Calibration"]


class Calibration:
    """A model at work on some batches, seen from whichever side a variant needs.

    Parameters
    ----------
    model:
        In float32: a `DigitsTransformer`, or a transformer of diffusers.
    batches:
        Arguments of the model, as it takes them, over many timesteps; all samples of a batch are at one.

    Raises
    ------
    ValueError
        No batch, or a model that is not called with timesteps.
    """

    def __init__(self, model: nn.Module, batches: Sequence[Batch]) -> None:
        if not batches:
            raise ValueError("batches must hold at least 1 batch, not 0")
        self.model = model
        self.batches = batches
        self.timesteps = sorted({timestep_of(model, batch) for batch in batches}, reverse=True)

    @cached_property
    def layers(self) -> Layers:
        """Those that are quantized."""
        return find_layers(self.model, self.batches[0])

    @cached_property
    def ranges(self) -> RangesOf:
        """Of every layer's inputs at each of `timesteps`, for the rivals."""
        return collect_ranges(self.model, self.batches, self.layers)

    @cached_property
    def statistics(self) -> Statistics:
        """For MixDiT's plans, sensitivities included."""
        return collect(self.model, self.batches, Settings(choice="sensitivity"))

    @cached_property
    def magnitudes(self) -> Statistics:
        """For MixDiT's plans by magnitude: nothing goes backwards through the model."""
        return self.__dict__.get("statistics") or collect(self.model, self.batches)

    def for_choice(self, settings: Settings) -> Statistics:
        """Those that `settings` need."""
        return self.statistics if settings.choice == "sensitivity" else self.magnitudes
