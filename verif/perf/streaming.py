"""Values through a pipeline without flow control."""

from amaranth.hdl import Value

from verif.simulation import simulate

__all__ = ["stream_through"]


def stream_through(component, inputs, output, latency):
    """Values of ``output``, ``latency`` cycles after each tuple of ``inputs`` (ports with values)."""
    ports, rows = list(inputs), list(zip(*inputs.values(), strict=True))
    results = []

    async def process(ctx):
        for cycle in range(len(rows) + latency):
            for port, value in zip(ports, rows[min(cycle, len(rows) - 1)], strict=True):
                ctx.set(Value.cast(getattr(component, port)), int(value))
            await ctx.tick()
            if cycle >= latency - 1:
                results.append(ctx.get(Value.cast(getattr(component, output))))

    simulate(component, process)
    return results[: len(rows)]
