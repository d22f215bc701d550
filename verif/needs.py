"""Marks of tests for what only a system package brings; ``.ci/run`` installs it where it may."""

import shutil

import pytest

from gen.synth.liberty import OSU018

__all__ = ["NEEDS_OSU018", "needs"]

NEEDS_OSU018 = pytest.mark.skipif(not OSU018.path.exists(), reason=f"needs {OSU018.package}")
"""For tests with the standard cells of the family ``osu018``."""


def needs(program: str) -> pytest.MarkDecorator:
    """For tests that call ``program``, which must be on the PATH."""
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"needs {program}")
