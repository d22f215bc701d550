"""Small diffusion transformers that train in minutes on a laptop, on scikit-learn's handwritten digits.

``data``: the digits. ``embedding``, ``block``, ``model``: the transformer. ``diffusion``: noising and DDIM
sampling; ``guided``: classifier-free guidance.
``recipes``: the two models and how they are trained. ``training``: the loop.
``classifier``: the network that judges samples. ``checkpoint``: reading and writing weights.
``checkpoints``: the trained weights. ``command``: ``mixdit train-digits``.
"""
