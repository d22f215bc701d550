"""Small diffusion transformers: two that train in minutes on a laptop, on scikit-learn's handwritten digits,
and one on Fashion-MNIST.

``data``: the digits. ``fashion``: the other pictures, from ``idx_files``. ``embedding``, ``block``,
``model``: the transformer. ``diffusion``: noising and DDIM sampling; ``guided``: classifier-free guidance.
``recipes``: the models and how they are trained. ``training``: the loop.
``classifier``: the networks that judge samples; ``held_out``: what real pictures are to one.
``checkpoint``: reading and writing weights. ``checkpoints``: the trained weights.
``command``: ``mixdit train-digits``.
"""
