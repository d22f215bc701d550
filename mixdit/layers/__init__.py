"""Quantized layers, and models made of them.

``linear``: linear layers, and what is ``made_of_weight``. ``attention``: attention as a module;
``attention_sites``: where models attend.
``modules``: checking and copying models, exchanging modules. ``batches``: calling them.
``quantizable``: which layers can be quantized. ``quantize_model``: a quantized copy. ``coverage``: what of
the model it quantizes.
``block_functions``: what is between products, in floating point or as the hardware does it;
``hardware_attention``: its softmax; ``hardware_functions``: models with both.
``balanced``: which layers of a model have balanced channels.
``packed``: weights in a file, as the hardware reads them.
"""
