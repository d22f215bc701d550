// What the model is told of an engine and of jobs: filled in by perf.cycles.sizes and perf.cycles.jobs, in the same order.

#pragma once

#include <cstdint>

struct Sizes {
    int64_t rows, cols, drain_rows, arrays, k_blocks, beat_bytes, queue_depth;
    int64_t block_size, b_tiles, a_slots, b_slots, words, lanes, epilogue_lanes, function_lanes, functions;
    int64_t reorder_columns;
    int64_t burst_bytes, read_bursts, write_bursts;
    int64_t tiles, most_beside, commands, stationary_tiles, path_commands;
    int64_t ahead, load_delay, release_delay, drain_delay, drained_rows, room_tiles;
    int64_t adder_stages, affine_stages, exp2_stages, activation_stages, activation_lanes;
    int64_t quantizer_delay, quantizer_depth, free_compared, old_compared, format_stages;
    int64_t exp2_depth, activation_depth, old_depth, fragments, kinds, reads_of_rows, divisors, reciprocal, product_stages;
    int64_t norm_lanes, statistic_lanes, buffer_rows, buffer_late, buffer_depth, memory_latency, exponent_stages;
    int64_t maximum_stages, sum_stages, variance_holds, variance_cycles, factor_cycles;
    int64_t normalize_stages, normalize_depth;
    int64_t line_bytes, unit_bytes, kept_lines, entry_bytes;
    int64_t read_latency, write_latency, bandwidth, outstanding, one, ahead_beats;
    int64_t unit_elements[6], format_bytes[6], mx9_bytes, half_bytes;
    int64_t mx9, mxint8, binary32, bfloat16;
    int64_t none, exp2;
    int64_t dimension_bits;
};

struct Region {
    int64_t start, last, present;
};

struct Job {
    int64_t reorder, m, n, k_blocks, keep_b, stride, group, resident, vectors;
    int64_t a_address, a_pitch, a_leading, a_format, b_address, b_pitch, b_leading, b_format;
    int64_t d_address, d_pitch, d_mx9_blocks, d_format;
    int64_t bias, accumulate, scale, gate, gate_by_row, function, bias_address;
    int64_t permute, divide, norm, mean, exponential;
    int64_t variance_cycles, factor_cycles;  // of a norm's rows, beyond those of every row
    int64_t turns;  // `turns`: address of the cycles that each block takes, int32
    Region regions[4];
    int64_t ends_list, entry;
};
