"""What results depend on besides parameters: the source of this project."""

import hashlib
from functools import cache
from pathlib import Path

__all__ = ["source_digest"]

_ROOT = Path(__file__).resolve().parents[2]
_PARTS = (
    "golden",
    "hw",
    "gen",
    "mixdit/compiler",
    "mixdit/driver",
    "mixdit/plan",
    "mixdit/sim",
    "perf/cycles",
    "perf/speedup",
    "perf/workloads",
)
_SUFFIXES = (".py", ".h", ".cpp", ".json", ".v")
_PUBLISHED = ("measured.json", "counters.json", "ablations.json")
"""Figures that follow from the source, which nothing is made from."""


@cache
def source_digest() -> str:
    """Of all files that designs, their synthesis and the cycle model are made from: 16 digits."""
    digest = hashlib.sha256()
    files = (path for part in _PARTS for path in (_ROOT / part).rglob("*"))
    for path in sorted(path for path in files if path.suffix in _SUFFIXES and path.name not in _PUBLISHED):
        digest.update(str(path.relative_to(_ROOT)).encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]
