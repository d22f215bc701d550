"""How fast things run, as ratios to what they replace.

``bench_golden``: the golden model. ``bench_sim``: the simulated array; ``compare_sim``: beside that of
another commit. ``bench_engine``: the simulated engine, and how busy it keeps its arrays. ``bench_rows``:
what rows take that it normalizes. ``bench_block``: a whole transformer block. ``bench_dit``: the PyTorch
layers. ``fastest``: timing.
"""
