"""Where a search takes its statistics from."""

from pathlib import Path

from golden import MX6, MX9, Format
from golden.formats import FORMATS
from mixdit.calibration.statistics import Statistics
from mixdit.calibration.statistics_file import load_statistics
from mixdit.quality.experiment import Experiment
from mixdit.rivals.calibration import Calibration

__all__ = ["find_statistics"]

STEPS = 20
"""Denoising steps of a digits model's samples."""


def find_statistics(source: str) -> tuple[Statistics, Format, Format]:
    """Statistics with sensitivities, and the low and the high format that they were measured in.

    Parameters
    ----------
    source:
        Folder that ``mixdit calibrate --choice sensitivity`` wrote, or a digits model, which is calibrated
        now, as for ``mixdit quality``.

    Raises
    ------
    OSError
        The folder's file cannot be read.
    ValueError
        Another folder, or neither a folder nor a model.
    """
    folder = Path(source)
    if not folder.is_dir():
        experiment = Experiment(source, 2, STEPS)
        return Calibration(experiment.model, experiment.batches).statistics, MX6, MX9
    path = folder / "statistics.safetensors"
    if not path.is_file():
        raise ValueError(
            f"source must be a folder that mixdit calibrate wrote, and {source!r} has no {path.name}"
        )
    statistics, notes = load_statistics(path)
    measured = notes["job"]["sensitivity"]
    if not measured:
        raise ValueError(f"{path} has no sensitivities: calibrate with --choice sensitivity")
    low, high = (FORMATS[name] for name in measured)
    return statistics, low, high
