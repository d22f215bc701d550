// hw/gemm/results/accumulation.py: sums of a tile's chunks and, without functions, of addends.

#pragma once

#include "clock.h"
#include "sizes.h"

struct SummedTile {
    int64_t last_row;
    bool first, last, plain;
};

class Accumulation {
  public:
    Queue<SummedTile> tile;
    bool takes_results = false, takes_addend = false;  // in this cycle, found by step()

    Accumulation(Clock& clock, const Sizes& sizes)
        : tile(clock, sizes.path_commands, true), clock(clock), sizes(sizes), kept(clock),
          adder(clock, int(sizes.adder_stages)), slices(sizes.words / sizes.lanes), parts(sizes.block_size / sizes.words) {}

    // Whether a part is offered, where the array has one if `results`.
    bool valid(bool results) {
        if (adder_empty) return tile.valid() && tile.front().plain && tile.front().last && results;
        return adder.valid() && adder.front().last && adder.front().leaves;
    }
    // `taken`: the part that was offered is; `wanted`: bias and old D of the job. Whether a command is done.
    bool step(bool taken, bool results, bool addends, bool bias, bool accumulate) {
        const bool there = tile.valid(), complete = adder.valid() && adder.front().last;
        const SummedTile now = there ? tile.front() : SummedTile{};
        const bool stored = complete && !adder.front().leaves;
        const bool bypass =
            there && now.plain && results && (now.last ? taken && adder_empty : !stored);
        const bool operands = goes && (!first || results) && (!reads || kept.valid) && (!takes || addends);
        const bool last_slice = slice == slices - 1;
        const bool sum_done = adder.ready() && (slices > 1 ? last_slice : operands);
        const bool part_done = bypass || sum_done;
        takes_results = bypass || (sum_done && first);
        takes_addend = sum_done && takes;
        const bool step_done = part_done && at == parts * (now.last_row + 1) - 1;
        const bool leaves_adder = adder.valid() && (!complete || !adder.front().leaves || taken);
        const bool emitted = complete && leaves_adder;

        const bool reads_ahead = goes && reads && !all_read, reads_one = reads_ahead && kept.goes_on(sum_done && reads);
        kept.step(sum_done && reads, reads_ahead, 0);
        const bool final_read = reads_one && ahead == parts * (now.last_row + 1) - 1;
        if (reads_one) ahead = final_read ? 0 : ahead + 1;

        const bool given = operands && adder.ready();
        adder.step(leaves_adder, given, {last_slice, leaves});
        if (given) slice = last_slice ? 0 : slice + 1;
        if (part_done) at = step_done ? 0 : at + 1;

        decode(there, now, step_done, bias, accumulate);
        if (step_done) all_read = false;
        else if (final_read) all_read = true;
        const bool empty = in_adder == 0 && !sum_done;
        if (empty != adder_empty || part_done || reads_one || given) clock.touch();
        adder_empty = empty;
        in_adder += int64_t(sum_done) - int64_t(emitted);
        if (!step_done || !(now.plain || was_last)) return false;
        tile.pop();
        return !now.last;
    }

  private:
    struct InAdder {
        bool last, leaves;
    };
    Clock& clock;
    const Sizes& sizes;
    MemoryRead<char> kept;
    Pipeline<InAdder> adder;
    int64_t slices, parts, at = 0, ahead = 0, slice = 0, in_adder = 0;
    bool adder_empty = true, all_read = false;
    // The step: of the memory (bit 0), the bias and old D those that are left.
    bool first = true, decoded = false, goes = false, last = false, leaves = false, takes = false, reads = false;
    bool was_last = false;
    unsigned added = 0, take = 0;

    void decode(bool there, const SummedTile& now, bool step_done, bool bias, bool accumulate) {
        const unsigned wanted = unsigned(!now.first) | unsigned(now.last && bias) << 1 | unsigned(now.last && accumulate) << 2;
        const unsigned left = wanted & ~added, lowest = left & (~left + 1);
        const bool alone = (left & (left - 1)) == 0;
        was_last = last;
        const bool goes_next = decoded && !step_done && (goes || !reads || adder_empty);
        const bool decoded_next = there && !now.plain && !step_done;
        const bool reads_next = !first || (lowest & 1);
        if (goes_next != goes || decoded_next != decoded || reads_next != reads || alone != last) clock.touch();
        if (step_done && !now.plain) {
            first = last;
            added = last ? 0 : added | take;
        }
        decoded = decoded_next, goes = goes_next, reads = reads_next;
        take = lowest, takes = lowest >> 1;
        last = alone, leaves = alone && now.last;
    }
};
