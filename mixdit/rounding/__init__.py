"""Weights rounded onto the grid of their blocks so that a layer's output errs least, offline.

``block_grid``: which values a block of weights can hold. ``compensated``: rounding column by column, the
error of each spread over those to come. ``moments``: what is known of a layer's inputs. ``layer_inputs``:
reading them from a model at work. ``round_layer``: a layer's weights and bias. ``round_weights``: a whole
model, layer by layer. ``balance``: channels shifted and scaled before, where a neighbour absorbs that.
``layer_file``: layers that are rounded or balanced so far, in a file.
"""
