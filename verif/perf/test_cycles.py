"""The cycle model: what it says of jobs, and that its comparison with the hardware would find an error."""

import ctypes

import numpy as np
import pytest

from golden.engine import COUNTERS, PASSES, STALLS, Descriptor, EngineParameters, MemoryFormat
from golden.formats import BLOCK_SIZE
from mixdit.driver.engine import Engine
from mixdit.driver.port import PortError
from mixdit.sim import Memory
from perf.cycles import port as cycle_port
from perf.cycles import validate
from perf.cycles.cases import ENGINES, MEMORIES, random_case
from perf.cycles.jobs import block_turns, job_of
from perf.cycles.port import CyclePort
from perf.cycles.validate import Comparison, compare, counters_of

SMALL = "4x4"
COMPARED = (SMALL, "2 of 4x8, functions", "4x8, functions, rows")
"""Engines whose jobs are compared here; ``python -m perf.cycles`` takes them all."""

PLANTED = {
    "fill": ("load_delay", 1),
    "drain": ("drain_delay", 1),
    "format": ("format_stages", 1),
    "passes": ("mx9", 1),
    "slots": ("release_delay", 1),
    "result width": ("words", 4),
    "memory": ("read_latency", 1),
    "responses": ("write_latency", -1),
    "bytes": ("mx9_bytes", 2),
}
"""Errors by what they are in: a size (or a format's code) of the model, and by how much it is wrong."""


def cases(engine, seed, count, jobs=None):
    rng = np.random.default_rng(seed)
    return [random_case(rng, ENGINES[engine].parameters, jobs) for _ in range(count)]


def modelled(engine, case, memory=None):
    build = ENGINES[engine]
    with CyclePort(build.parameters, size=case.size, memory=memory, result_words=build.result_words) as port:
        return counters_of(port, case)


def passes_of(d, p):
    """What the formats of a product call for, in the order of `PASSES`."""
    blocks = -(-d.k // BLOCK_SIZE)
    whole = (MemoryFormat.MX9, MemoryFormat.MXINT8)
    a, b = (
        blocks if getattr(d, f"{name}_format") in whole else getattr(d, f"{name}_mx9_blocks") for name in "ab"
    )
    tiles = 0 if d.operation else -(-d.m // (p.rows * p.arrays)) * -(-d.n // p.cols)
    return [tiles * count for count in (blocks - max(a, b), 2 * abs(a - b), 4 * min(a, b))]


@pytest.mark.parametrize("engine", list(ENGINES))
def test_counters_add_up(engine):
    """Every cycle has a reason, and passes are what the blocks' formats call for."""
    for case in cases(engine, 1, 8):
        counters = modelled(engine, case)
        assert list(counters) == list(COUNTERS)
        assert sum(counters[name] for name in STALLS) == counters["CYCLES"] > 0
        assert sum(counters[name] for name in PASSES) == counters["BUSY"]
        each = [passes_of(d, ENGINES[engine].parameters) for d in case.descriptors]
        assert [counters[name] for name in PASSES] == np.sum(each, axis=0).tolist()


def test_cycles_that_are_passed_over_change_nothing():
    """Run cycle by cycle, as a case with a clock that never sleeps, it counts the same."""
    for case in cases("4x8, functions, rows", 2, 6):
        expected = modelled("4x8, functions, rows", case, MEMORIES["slow"])
        build = ENGINES["4x8, functions, rows"]
        with CyclePort(build.parameters, size=case.size, memory=MEMORIES["slow"]) as port:

            def wait(seconds=0.0, port=port):
                while not port._library.model_run(port._model, ctypes.c_uint64(1), 1):
                    pass

            port.wait = wait
            assert counters_of(port, case) == expected


def test_a_product_that_was_counted_by_hand():
    """One tile of one pass: what each stage takes between doorbell and interrupt."""
    parameters = EngineParameters(rows=4, cols=4, k_blocks=4, function_lanes=0)
    d = Descriptor(
        m=1,
        n=1,
        k=16,
        a_format=MemoryFormat.MX6,
        b_format=MemoryFormat.MX6,
        d_format=MemoryFormat.BINARY32,
        a_address=4096,
        b_address=8192,
        d_address=12288,
        a_pitch=12,
        b_pitch=12,
        d_pitch=4,
    )
    case = validate.Case((d,), (), False, 1 << 14)
    build = validate.Build(parameters)
    with CyclePort(build.parameters, size=case.size) as port:
        counters = counters_of(port, case)
    with CyclePort(
        build.parameters, size=case.size, memory=Memory(read_latency=50, write_latency=33)
    ) as port:
        later = counters_of(port, case)
    assert counters["BUSY"] == counters["PASSES_SINGLE"] == 1
    assert (counters["BYTES_READ"], counters["BYTES_WRITTEN"]) == (32, 4)
    assert later["FILL"] == counters["FILL"] + 10
    assert later["DRAIN"] == counters["DRAIN"] + 13


def test_turns_of_a_permutation_are_those_of_its_busiest_bank():
    order = np.arange(32)
    assert block_turns(order).tolist() == [1, 1]
    assert block_turns(order[::-1]).tolist() == [1, 1]
    assert block_turns(np.arange(32) * 2 % 32).tolist() == [2, 2]
    assert block_turns(np.arange(32) * 16 % 33).tolist()[0] > 2
    assert block_turns(np.zeros(8, np.uint16)).tolist() == [8]


def test_refused_jobs_and_memories_are_named():
    parameters = EngineParameters()
    with pytest.raises(ValueError, match="descriptor must be one that the engine takes, not one with SIZE"):
        job_of(Descriptor(m=0, n=1, k=1), parameters)
    with pytest.raises(ValueError, match=r"memory\.stall must be 0 for the cycle model, not 0\.5"):
        CyclePort(parameters, memory=Memory(stall=0.5))


def test_a_reset_is_refused_while_jobs_are_under_way():
    (case,) = cases(SMALL, 4, 1, jobs=1)
    with CyclePort(ENGINES[SMALL].parameters, size=case.size) as port:
        engine = Engine(port)
        engine.submit(case.descriptors[0])
        with pytest.raises(PortError, match="a soft reset while jobs are under way is not modelled"):
            engine.reset()
        port.wait()
        # The next driver counts from 0 on.
        assert counters_of(port, case) == modelled(SMALL, case)


def test_a_closed_model_says_so():
    port = CyclePort(ENGINES[SMALL].parameters, size=4096)
    port.close()
    with pytest.raises(PortError, match="the model is closed"):
        _ = port.cycles


def test_the_command_refuses_what_it_cannot_run(capsys):
    for arguments, message in (
        (["--jobs", "0"], "--jobs must be at least 1, not 0"),
        (["--seed", "-1"], "--seed must be at least 0, not -1"),
    ):
        with pytest.raises(SystemExit) as stopped:
            validate.main(arguments)
        assert stopped.value.code == 2
        assert message in capsys.readouterr().err


def test_a_difference_fails_the_command(monkeypatch, capsys):
    (case,) = cases(SMALL, 3, 1)
    counters = modelled(SMALL, case)
    wrong = counters | {"DRAIN": counters["DRAIN"] + 1}
    for model, status in ((counters, 0), (wrong, 1)):
        found = Comparison(SMALL, "ideal", case, counters, model, (1.0, 1.0))
        monkeypatch.setattr(validate, "comparisons", lambda *arguments, found=found: iter([found]))
        assert validate.main([]) == status
        assert ("DRAIN +1" in capsys.readouterr().out) == bool(status)


@pytest.mark.engine
@pytest.mark.parametrize("engine", COMPARED)
@pytest.mark.parametrize("memory", list(MEMORIES))
def test_every_counter_is_that_of_the_hardware(engine, memory):
    for case in cases(engine, 10_000, 8):
        found = compare(engine, ENGINES[engine], memory, case)
        assert found.errors == {}, str(case)


@pytest.mark.engine
@pytest.mark.parametrize("planted", list(PLANTED))
def test_an_error_of_a_cycle_is_found(monkeypatch, planted):
    """A size of the model that is wrong by one, or the next one that there is, shows in the comparison."""
    size, error = PLANTED[planted]

    def sizes_of(*arguments, **keywords):
        sizes = found(*arguments, **keywords)
        setattr(sizes, size, getattr(sizes, size) + error)
        return sizes

    found = cycle_port.sizes_of
    monkeypatch.setattr(cycle_port, "sizes_of", sizes_of)
    results = [compare(SMALL, ENGINES[SMALL], "ideal", case) for case in cases(SMALL, 10_001, 6)]
    assert any(result.errors for result in results)
