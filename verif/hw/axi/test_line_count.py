"""Lines on their way to memory, counted by turn."""

import random

import pytest

from hw.axi.line_count import LineCount
from verif.simulation import simulate

TURNS, MOST = 3, 5


def test_counts():
    """A turn has ended when each of its lines was answered, a cycle later."""
    lines, rng = LineCount(turns=TURNS, most=MOST), random.Random(1)
    on_the_way: list[int] = []
    seen = {"ended": 0, "full": 0, "both": 0}

    async def drive(ctx):
        late = None
        for _ in range(3000):
            left = [*on_the_way, *([] if late is None else [late])]
            ended = [turn not in left for turn in range(TURNS)]
            assert ctx.get(lines.ended) == sum(end << turn for turn, end in enumerate(ended))
            seen["ended"] += any(ended) and not all(ended)
            seen["full"] += len(left) == MOST
            late = on_the_way.pop(0) if on_the_way and rng.random() < 0.4 else None
            ctx.set(lines.answered, 0 if late is None else 1 << late)
            taken = rng.randrange(TURNS) if len(left) < MOST and rng.random() < 0.5 else None
            ctx.set(lines.taken, 0 if taken is None else 1 << taken)
            seen["both"] += taken is not None and taken == late
            if taken is not None:
                on_the_way.append(taken)
            await ctx.tick()

    simulate(lines, drive)
    assert min(seen.values()) > 100, seen


@pytest.mark.parametrize(
    ("parameter", "value", "error", "message"),
    [
        ("turns", 0, ValueError, "turns must be at least 1, not 0"),
        ("most", 0, ValueError, "most must be at least 1, not 0"),
        ("turns", True, TypeError, "turns must be an integer, not True"),
        ("most", 2.0, TypeError, "most must be an integer, not 2.0"),
    ],
)
def test_bad_parameter(parameter, value, error, message):
    with pytest.raises(error, match=message):
        LineCount(**({"turns": 3, "most": 8} | {parameter: value}))
