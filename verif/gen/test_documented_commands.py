"""Commands of the documentation can be copied: programs of .venv are named as such."""

import re
from pathlib import Path

import pytest

from hw.target.targets import TARGETS

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
OURS = r"(?:mixdit|python3?|pip|pytest|ruff|mypy|fusesoc)"
"""Programs that `make` puts into .venv."""

BARE = re.compile(rf"(?:^|&&|\||;)\s*({OURS})(?= |$)", re.MULTILINE)


OF_OTHERS = {"python -m gen", "python -P -m gen", "python -P", "python3"}
"""Calls that are about an environment of the user's own, or that make it."""


def bare(text: str) -> list[str]:
    """Programs of .venv that are called as if they were on PATH, in blocks and in running text."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    found = [match[1] for block in blocks for match in BARE.finditer(block)]
    # A name alone, `mixdit verilog`, is no call; one with options is.
    return found + re.findall(rf"`({OURS} [^`]*?(?<= )-[^`]*)`", prose)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_name_their_environment(page):
    assert set(bare(page.read_text())) <= OF_OTHERS


def test_a_bare_command_is_found():
    assert bare("```sh\nmixdit demo\n.venv/bin/mixdit demo && fusesoc list\n```\n") == ["mixdit", "fusesoc"]
    assert bare("see `mixdit verilog`, or call `mixdit verilog -o x`") == ["mixdit verilog -o x"]


def test_readme_says_which_formats_these_are_before_anything_else():
    start = " ".join((ROOT / "README.md").read_text().partition("## Start")[0].split())
    for words in ("microexponents", "arxiv.org/abs/2302.08007", "**not** the MXFP4, MXFP6 and MXFP8"):
        assert words in start


def test_readme_lists_every_target():
    text = (ROOT / "README.md").read_text()
    table = text.partition("| `--target` |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(TARGETS)
