// hw/array/tile_rows.py: rows of 16 columns from array tiles, part by part.

#pragma once

#include "drained_grid.h"

struct TileSize {
    int64_t more_tiles, rows;
};

class TileRows {
  public:
    Queue<TileSize> size;

    TileRows(Clock& clock, const Sizes& sizes)
        : size(clock, sizes.path_commands, true), clock(clock), sizes(sizes), part(clock) {
        const int64_t banks = std::max(int64_t(1), sizes.words / sizes.cols), segments = sizes.rows / sizes.drain_rows;
        chunks = sizes.cols / std::min(sizes.words, sizes.cols);
        groups = (segments + banks - 1) / banks;
    }

    bool valid() const { return part.valid; }
    // `taken`: the part was. Whether the array's beat is taken, which it offers if `there`.
    bool step(bool taken, bool there, bool beat_last) {
        const bool reads = full[half_out] && part.goes_on(taken);
        bool read[2] = {false, false}, filled[2] = {false, false};
        part.step(taken, full[half_out], 0);
        if (reads) {
            clock.touch();
            if (++parts == (last_row[half_out] + 1) * (sizes.block_size / sizes.words)) {
                parts = 0, read[half_out] = true;
                half_out ^= 1;
            }
        }
        bool beat_taken = false;
        if (there && free && size.valid()) {
            clock.touch();
            beat_taken = ++step_of_beat == chunks * groups;
            if (beat_taken) step_of_beat = 0;
            if (beat_taken && beat_last && tile++ == size.front().more_tiles) {
                tile = 0;
                filled[half_in] = true;
                last_row[half_in] = size.front().rows - 1;
                size.pop();
            }
        }
        const bool fills = filled[0] || filled[1], frees = read[0] || read[1];
        if (fills || frees) clock.touch();
        free = (fills ? !full[half_in ^ 1] : free) || frees;
        for (int n = 0; n < 2; n++) full[n] = (full[n] || filled[n]) && !read[n];
        half_in ^= int(fills);
        return beat_taken;
    }

  private:
    Clock& clock;
    const Sizes& sizes;
    MemoryRead<char> part;
    int64_t chunks, groups, step_of_beat = 0, tile = 0, parts = 0, last_row[2] = {0, 0};
    bool full[2] = {false, false}, free = true;
    int half_in = 0, half_out = 0;
};
