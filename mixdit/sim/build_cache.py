"""Builds that are made once per set of inputs and shared by parallel test processes."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from gen.store import stored

__all__ = ["build_root", "cached_build"]


def build_root() -> Path:
    """Folder of all builds: ``$MIXDIT_SIM_BUILD``, else ``sim_build`` in the current folder."""
    return Path(os.environ.get("MIXDIT_SIM_BUILD", "sim_build")).resolve()


def cached_build(label: str, key: Iterable[str], build: Callable[[Path], None]) -> Path:
    """``gen.store.stored`` in ``build_root()``."""
    return stored(build_root(), label, key, build)
