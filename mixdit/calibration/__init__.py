"""MixDiT's calibration (arXiv 2504.08398): which channels and heads of a model need precision.

``settings``: budgets and rules.
``recorder``, ``statistics``: what passes of the model show, from random tokens.
``sensitivity``: what matters to the model's output.
``candidates``, ``budget``, ``planning``: from statistics to a plan.
``calibrate``: all in one call.
"""

from mixdit.calibration.calibrate import calibrate, collect
from mixdit.calibration.planning import make_plan
from mixdit.calibration.recorder import Recorder
from mixdit.calibration.sensitivity import measure_sensitivity
from mixdit.calibration.settings import Settings
from mixdit.calibration.statistics import Statistics

__all__ = ["Recorder", "Settings", "Statistics", "calibrate", "collect", "make_plan", "measure_sensitivity"]
