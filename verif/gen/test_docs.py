"""The documentation's examples run, and what it points to exists."""

import inspect
import re
import shlex
from pathlib import Path

import pytest

from gen.designs import DESIGNS, PARAMETERS
from gen.synth.command import synth
from mixdit.calibration import command as calibration
from mixdit.compiler import compile_command
from perf.explore import command as exploration

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text()):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_examples_run(page):
    for block in blocks(page, "python"):
        exec(compile(block, str(page), "exec"), {})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_exist(page):
    targets = set(re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[0].split())
    text = page.read_text()
    commands = re.findall(r"^(make .*)$", "".join(blocks(page, "sh")), re.MULTILINE)
    commands += re.findall(r"`(make [^`]*)`", text)
    for command in commands:
        words = shlex.split(command, comments=True)[1:]
        assert {
            word for word in words if "=" not in word and word[0] != "-" and " " not in word
        } <= targets, command
    options = {*PARAMETERS, *inspect.signature(synth).parameters}
    for module in (compile_command, calibration, exploration):
        options |= {*inspect.signature(module.command).parameters}
    for option in re.findall(r"(?<=\s)--([a-z-]+) \d+", text):
        assert option.replace("-", "_") in options, option


def test_every_design_and_parameter_is_documented():
    readme, architecture = (ROOT / "README.md").read_text(), (ROOT / "docs/architecture.md").read_text()
    ports = (ROOT / "docs/ports.md").read_text()
    for design in DESIGNS.values():
        assert f"`{design.name}`" in readme
        for interface in design.interfaces:
            assert f"`{interface}`" in readme
            assert f"`{interface}`" in ports
    for parameter in PARAMETERS:
        assert f"`{parameter}`" in architecture
