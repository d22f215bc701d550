"""Where a search takes its statistics from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from golden import MX6, MX9, Format
from golden.formats import FORMATS
from mixdit.calibration.statistics import Statistics
from mixdit.calibration.statistics_file import load_statistics
from mixdit.json_values import expect, reason
from mixdit.quality.experiment import Experiment
from mixdit.rivals.calibration import Calibration

__all__ = ["Source", "find_statistics"]

STEPS = 20
"""Denoising steps of a digits model's samples."""


@dataclass(frozen=True)
class Source:
    """What plans are made of.

    Parameters
    ----------
    statistics:
        With sensitivities.
    low, high:
        The formats that these were measured in.
    balanced:
        See `mixdit.plan.plan.Plan`.
    """

    statistics: Statistics
    low: Format
    high: Format
    balanced: Mapping[str, str] = field(default_factory=dict)


def find_statistics(source: str) -> Source:
    """Statistics with sensitivities.

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
        return Source(Calibration(experiment.model, experiment.batches).statistics, MX6, MX9)
    path = folder / "statistics.safetensors"
    if not path.is_file():
        raise ValueError(
            f"source must be a folder that mixdit calibrate wrote, and {source!r} has no {path.name}"
        )
    statistics, notes = load_statistics(path)
    try:
        measured = expect(notes["job"], dict, "job")["sensitivity"]
        if not measured:
            raise ValueError("it has no sensitivities: calibrate with --choice sensitivity")
        low, high = (
            FORMATS[expect(name, str, "sensitivity")] for name in expect(measured, list, "sensitivity")
        )
        balanced = expect(notes.get("balanced", {}), dict, "balanced")
    except (KeyError, ValueError) as error:
        raise ValueError(f"{path} is not of a calibration to search from: {reason(error)}") from error
    return Source(statistics, low, high, balanced)
