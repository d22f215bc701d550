"""Transformer blocks as lists of engine jobs, in which the host computes nothing.

From a block's weights and plan to a program, and back to tokens; every step is built from those before it.
``block_weights``: the weights as NumPy arrays. ``block_plan``: the formats of each operand. ``program``:
jobs, constants and where matrices lie. ``recorder``: an engine's driver that notes jobs in place of running
them. ``program_file``: programs in a folder. ``program_run``: a program on an engine. ``job_table``: what a
program does, for people. ``job_order``: in which order jobs wait least for each other. ``channel_layout``: in
which order heads and channels lie in memory.

``layer``: a linear layer with its plan. ``block_layers``: blocks as layers. ``layer_jobs``: products of
layers. ``layer_inputs``: what several layers read of the same tokens. ``token_parts``: some tokens at a time.
``modulation``, ``condition_modulation``, ``table_modulation``: shift, scale and gate. ``value_bias``: where
the bias of v goes. ``head_operands``, ``head_jobs``: the softmax of heads. ``multi_head_jobs``: attention of
several sequences. ``token_jobs``, ``self_attention_jobs``: norms, gated sums, perceptrons.
``conditioned_block_compiler``, ``table_block_compiler``, ``joint_block_compiler``: blocks of DiT, PixArt and
Stable Diffusion 3. ``compile_layers``: programs of them; ``block_compiler``: of blocks whose q, k and v are
one layer. ``diffusers_blocks``, ``diffusers_program``: out of models of diffusers.

``compiled_model``: from a model's name to a program. ``digits_program``: blocks of the digits models.
``random_weights``: blocks to measure with. ``example``: tokens to try them with. ``compile_command``,
``run_command``: ``mixdit compile`` and ``mixdit run``. ``program_blocks``: a program in the place of a
digits model's blocks. ``counted_port``, ``stepwise_run``: a program run step by step, the host's doorbells
counted and every byte compared. ``draw_picture``, ``draw_command``: ``mixdit draw``.

A program runs without torch; plans need it.
"""
