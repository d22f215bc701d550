"""What `mixdit demo` and `mixdit sample` run.

`mixdit demo` is ``command``, in two parts: ``on_array`` classifies ``digits`` by ``network``, ``on_engine``
runs the block of ``transformer``. Both compute in float64, but for the products (``linear``), which are in
the formats of a ``plan``. ``figures``, ``tables`` and ``picture`` tell what came out. ``weights`` reads
checkpoints; ``train`` made the network's, ``classifier``. `mixdit sample` is ``sample``, of a
``sample_plan``, and ``sample_backend`` multiplies for it. ``simulated_array`` and ``progress`` serve both.
"""
