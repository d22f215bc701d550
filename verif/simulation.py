"""Running a design in Amaranth's own simulator."""

from contextlib import contextmanager

from amaranth.hdl import Fragment
from amaranth.sim import Simulator

from mixdit.sim.states import fsm_states
from mixdit.sim.waves import CYCLE_NS, new_view, next_file

__all__ = ["simulate"]


def simulate(design, *testbenches, background=()):
    """Run ``testbenches`` on ``design``, those of ``background`` beside them, until all others have returned.

    ``MIXDIT_WAVES`` asks for a waveform (``mixdit.sim.waves``).
    """
    fragment = Fragment.get(design, None)
    simulator = Simulator(fragment)
    simulator.add_clock(CYCLE_NS * 1e-9)
    for testbench in background:
        simulator.add_testbench(testbench, background=True)
    for testbench in testbenches:
        simulator.add_testbench(testbench)
    if path := next_file():
        shown = {"states": {"/".join(path): state for path, state in fsm_states(fragment).items()}}
        if hasattr(design, "signature"):
            shown["ports"] = design
        with _recorded(simulator, path, shown):
            simulator.run()
    else:
        simulator.run()


@contextmanager
def _recorded(simulator, path, shown):
    """Record into ``path``; the view lists the signals ``shown`` by group."""
    with open(path.with_suffix(".gtkw"), "w") as view:
        new_view(view, units_per_ns=1_000_000)  # Amaranth counts femtoseconds
        with simulator.write_vcd(str(path), view, traces=shown):
            yield
