"""One change at a time: each is what it says, shares add up, and what was published comes out again."""

import json

import pytest

from gen.markdown import section
from perf.speedup.ablation_tables import ablation_table, ladder_table
from perf.speedup.ablations import (
    ABLATIONS,
    LADDER,
    Ablated,
    ablate,
    read_ablations,
    write_ablations,
)
from perf.speedup.blocks import network_blocks
from perf.speedup.builds import BUILDS
from perf.speedup.document import ablations_markdown
from perf.workloads.page import PAGE
from verif.perf.test_speedup_command import run

NETWORK = "dit-xl-2-256"


@pytest.fixture(scope="module")
def found():
    return {each.ablation: each for each in read_ablations() if each.network == NETWORK}


def test_all_have_as_many_elements():
    assert {each.build.elements for each in ABLATIONS.values()} == {4096}
    assert len({each.title for each in ABLATIONS.values()}) == len(ABLATIONS)


def test_one_thing_is_changed():
    assert ABLATIONS["drain-1"].build.sizes["drain_rows"] == 1
    assert ABLATIONS["words-4"].build.result_words == 4
    assert [ABLATIONS[f"memory-{rate}"].build.bandwidth for rate in (468, 1024)] == [468e9, 1024e9]
    assert ABLATIONS["shape-16x8x4"].build.engines == 8
    assert ABLATIONS["reference"].build == BUILDS["4096"]


def test_channels_in_their_order_leave_few_blocks_in_mx6():
    """Of 288 blocks of 16, with 224 of 4608 channels in MX9 somewhere: a share of 1 - 0.95**16."""
    model = network_blocks(NETWORK).model
    name = "transformer_blocks.0.ff.net.2"
    plan = ABLATIONS["unordered"].mix.plan(model).linears[name]
    assert plan.permutation is None
    assert plan.high_blocks / 288 == pytest.approx(1 - 0.95**16, abs=0.06)
    assert ABLATIONS["reference"].mix.plan(model).linears[name].high_blocks == 14


def test_a_published_one_comes_out_again(found):
    """Both have a preparation or a number of samples of their own."""
    for name in ("converter", "batch-4", "words-4"):
        assert ablate(NETWORK, name) == found[name]


def test_times_are_of_as_many_samples(found):
    one, two = found["batch-1"], found["reference"]
    assert one.seconds == 2 * one.counters["CYCLES"] / 1e9
    assert two.seconds == two.counters["CYCLES"] / 1e9
    assert found["batch-8"].seconds < found["batch-4"].seconds < two.seconds < one.seconds


def test_the_tables_add_up(found):
    everything = [found[name] for name in ABLATIONS]
    rows = ablation_table(everything).rows
    assert len(rows) == len(ABLATIONS)
    assert rows[0][2:4] == (f"{1e3 * found['reference'].seconds:,.2f} (A)", "1.00")
    ladder = ladder_table(everything).rows
    assert sum(int(row[3].rstrip("%")) for row in ladder[1:-1]) == pytest.approx(100, abs=2)
    assert float(ladder[-1][2]) == pytest.approx(found["mx9"].seconds / found["mixed-p"].seconds, abs=0.01)
    assert len(ladder) == len(LADDER) + 1


def test_what_is_missing_is_told(found):
    with pytest.raises(ValueError, match="must have the reference, not only mx9"):
        ablation_table([found["mx9"]])
    with pytest.raises(ValueError, match="mixed-p missing"):
        ladder_table([found[name] for name in LADDER if name != "mixed-p"])
    with pytest.raises(ValueError, match=r"ablation must be one of reference, .* not 'all'"):
        ablate(NETWORK, "all")


def test_what_is_written_is_read(tmp_path):
    one, two = (Ablated(network=NETWORK, ablation=name, counters={"CYCLES": 3}) for name in ("mx9", "mx6"))
    write_ablations([two, one], tmp_path / "new.json")
    assert read_ablations(tmp_path / "new.json") == [one, two]


def test_the_command_shows_them(found):
    result = run("--network", NETWORK, "--ablations", "--json")
    assert result.exit_code == 0, result.output
    shown = {each["ablation"]: each for each in json.loads(result.stdout)}
    assert list(shown) == list(ABLATIONS)
    assert shown["mx6"]["step_seconds"] == found["mx6"].seconds
    people = run("--network", NETWORK, "--ablations")
    assert "channels permuted, so that those 5% are whole blocks" in people.stdout
    wrong = run("--ablations", "--mix", "MX6")
    assert wrong.exit_code == 2
    assert "--ablations takes neither" in wrong.stderr


def test_the_page_has_them():
    assert section(PAGE.read_text(), "ablations") == ablations_markdown(read_ablations())
