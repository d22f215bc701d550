"""Published figures of image quality: what the page shows is what the command wrote."""

import json
import re
import subprocess
import sys
from dataclasses import asdict, fields, replace

import pytest

from gen.markdown import section
from mixdit.digits.recipes import RECIPES
from mixdit.quality.checks import Check
from mixdit.quality.claims import BEST_PLAN, FRECHET_CLAIMS, NOISE_CLAIMS
from mixdit.quality.row import Row
from mixdit.rivals.variants import VARIANTS as KNOWN
from perf.quality.page import PAGE, claims_table, guidance_table, sections, variants_table
from perf.quality.published import Published
from perf.speedup.mixes import MIXES
from perf.speedup.quality import VARIANTS, quality_table

CHECK = Check("digits-16", "MX9: SQNR >= 50 dB", "52.0 dB", True, "MX6", "33 dB", True)


def made_row(variant: str = "MX6", psnr: float = 40.0, model: str = "digits-16", steps: int = 20) -> Row:
    blank = {field.name: "" if field.type in (str, "str") else 0.0 for field in fields(Row)}
    given = {"model": model, "variant": variant, "psnr_db": psnr, "steps": steps, "guidance": 1.0}
    return Row(**(blank | given | {"samples": 1000, "weight_bits": 6.0, "sqnr_by_timestep": {7: 1.5}}))


def test_the_page_has_the_published_figures():
    page = PAGE.read_text()
    for name, text in sections(Published.read()).items():
        assert section(page, name) == text, f"{name}: run python -m perf.quality"


def test_published_claims_hold_and_are_failed_by_worse_variants():
    checks = Published.read().checks
    assert {check.model for check in checks} == set(RECIPES)
    assert [check.claim for check in checks if not check.holds] == []


def test_published_claims_are_those_that_are_made():
    """Each by its text, in which the best plan has a name: none that was dropped, none that is new."""
    for model in RECIPES:
        made = [
            claim.text() for claim in (*NOISE_CLAIMS, *FRECHET_CLAIMS) if model in (claim.models or (model,))
        ]
        checks = [check.claim for check in Published.read().checks if check.model == model]
        assert [re.sub(rf"{BEST_PLAN} \(.*?\)", BEST_PLAN, text) for text in checks] == made


def test_mixes_of_the_speedups_were_sampled():
    assert VARIANTS.keys() == MIXES.keys()
    assert set(VARIANTS.values()) <= KNOWN.keys()
    assert all("not measured" not in row for row in quality_table(MIXES).rows)
    found = quality_table(MIXES, Published([made_row("MX9", 58.76)]))
    assert found.rows[-1][2] == "58.76"
    assert found.rows[0][2] == "not measured"


def test_new_figures_take_the_place_of_the_same():
    old = Published([made_row(), made_row("MX9"), made_row(steps=50)], [CHECK])
    assert old.renewed(Published()) == replace(old, rows=[made_row("MX9"), made_row(), made_row(steps=50)])
    other = replace(CHECK, claim="another")
    found = old.renewed(Published([made_row(psnr=41.0)], [other]))
    assert found.rows == [made_row("MX9"), made_row(psnr=41.0), made_row(steps=50)]
    assert found.checks == [other]
    assert found.rows_of("digits-16", steps=50) == [made_row(steps=50)]
    of_another = replace(CHECK, model="fashion-49")
    assert old.renewed(Published([], [of_another])).checks == [CHECK, of_another]
    for row in (made_row("MX7"), made_row(model="mine.safetensors")):
        with pytest.raises(ValueError, match="is none of the project's variants"):
            old.renewed(Published([row]))


def test_figures_are_kept_as_they_are(tmp_path):
    published = Published([made_row(), made_row("MX9")], [CHECK])
    published.write(tmp_path / "published.json")
    assert Published.read(tmp_path / "published.json") == published


def test_folders_of_the_command_are_read(tmp_path):
    rows = [made_row(), made_row("MX9")]
    (tmp_path / "quality.json").write_text(json.dumps([asdict(row) for row in rows]))
    assert Published.of_folders([tmp_path]) == Published(rows, [])
    (tmp_path / "claims.json").write_text(json.dumps([asdict(CHECK)]))
    assert Published.of_folders([tmp_path]).checks == [CHECK]


@pytest.mark.parametrize("text", [None, "{", '[{"model": 1}]'])
def test_a_folder_without_figures_is_refused_and_nothing_is_written(text, tmp_path):
    if text is not None:
        (tmp_path / "quality.json").write_text(text)
    before = PAGE.read_text()
    command = [sys.executable, "-m", "perf.quality", str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr.startswith(f"perf.quality: {tmp_path} has no figures of mixdit quality: ")
    assert len(run.stderr.splitlines()) == 1
    assert PAGE.read_text() == before


def test_tables_say_what_does_not_hold():
    row = variants_table([replace(made_row(), passes=1.0659, frechet_delta_low=-0.01)]).splitlines()[2]
    assert "| 1,000 | 40.00 |" in row
    assert "| -0.010 to +0.000 |" in row
    assert row.endswith("| 1.07 | 2.67x |")
    assert "**" not in claims_table([CHECK])
    wrong = replace(CHECK, borne_out=False, control_fails=False)
    assert "52.0 dB **does not hold** | MX6 | 33 dB **holds too** |" in claims_table([wrong])


def test_guidance_stands_beside_none():
    """Of variants that were sampled with it, in all ways that any was."""
    guided = replace(made_row("MX9", 52.0), guidance=3.0)
    long = replace(made_row(psnr=35.0, steps=50), guidance=3.0)
    head, _, *lines = guidance_table(Published([made_row("MX4"), made_row(), guided, long])).splitlines()
    assert head.count("PSNR") == 3
    assert "| 20 steps: PSNR, dB | SQNR, dB | 20 steps, guidance 3: PSNR, dB |" in head
    assert lines == [
        "| digits-16 | MX6 | 40.00 | 0.00 |  |  | 35.00 | 0.00 |",
        "| digits-16 | MX9 |  |  | 52.00 | 0.00 |  |  |",
    ]
