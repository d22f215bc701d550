// hw/gemm/results/result_format.py, block_fragments.py and hw/block/quantizer.py: parts of rows to fragments.

#pragma once

#include "clock.h"
#include "sizes.h"

// Part of a row on its way to memory, or, as a fragment, the bytes that it became.
struct Fragment {
    int64_t address, bytes, row;
    bool begins, ends, last;
};

struct Part {
    int64_t number, columns;  // that exist in it
    bool final;               // no column behind it exists
    bool mx9;                 // the format of its block
    Fragment place;           // of the 16 columns, `last`: of the tile's last row
};

class ResultFormat {
  public:
    ResultFormat(Clock& clock, const Sizes& sizes, bool floats_too = true)
        : clock(clock), sizes(sizes), floats_too(floats_too), fragments(clock, int(sizes.format_stages)),
          blocks(clock, sizes.quantizer_delay, sizes.quantizer_depth, int(sizes.free_compared)) {}

    bool ready() const { return is_floats ? fragments.ready() : blocks.ready(); }
    bool valid() const { return floats_too ? fragments.valid() : blocks.valid(); }
    Fragment front() { return floats_too ? fragments.front() : block(); }
    // `format`: of the job's D; `part`: one that is taken, or none.
    void step(int64_t format, bool taken, const Part* part) {
        const bool narrow = format == sizes.bfloat16;
        const bool block_taken = floats_too ? blocks.valid() && fragments.ready() && !is_floats : taken;
        Fragment next{};
        bool given = false;
        if (is_floats) {
            given = part && part->columns;
            if (given) next = of_floats(*part, narrow);
        } else if (floats_too && block_taken) {
            given = true, next = block();
        }
        if (floats_too) fragments.step(taken, given, next);
        const bool whole = block_taken && !cut();
        if (block_taken) second = !whole;
        // The quantizer: a block leaves with its row's last part.
        const bool row_ends = part && !is_floats && part->number == sizes.block_size / sizes.words - 1;
        Fragment row{};
        if (row_ends) row = part->place, row.bytes = part->mx9 ? sizes.mx9_bytes : sizes.format_bytes[format];
        blocks.step(whole, row_ends, row);
        const bool floats = floats_too && (format == sizes.binary32 || narrow);
        if (floats != is_floats) clock.touch();
        is_floats = floats;
    }
    Cycle next() { return blocks.next(); }

  private:
    Clock& clock;
    const Sizes& sizes;
    bool floats_too;
    Pipeline<Fragment> fragments;
    FreePipeline<Fragment> blocks;
    bool is_floats = false, second = false;

    Fragment of_floats(const Part& part, bool narrow) const {
        const int64_t size = narrow ? 2 : 4;
        Fragment made = part.place;
        made.address += part.number * size * sizes.words;
        made.bytes = part.columns * size;
        made.begins = part.place.begins && part.number == 0;
        made.ends = part.place.ends && part.final;
        made.last = part.final && part.place.last;
        return made;
    }
    // The longest blocks are two fragments, where these are short.
    bool cut() { return !second && blocks.front().bytes > 4 * sizes.words; }
    Fragment block() {
        Fragment made = blocks.front();
        const int64_t most = 4 * sizes.words;
        if (second) made.address += most, made.bytes -= most, made.begins = false;
        else if (cut()) made.bytes = most, made.ends = made.last = false;
        return made;
    }
};
