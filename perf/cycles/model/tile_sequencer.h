// hw/gemm/tiles/wide_tiles.py and tile_sequencer.py, with hw/array/pass_pairs.py: when tiles are multiplied.
//
// Tiles that wait are before the memory here and behind it in the hardware, which takes the same cycles.
// No tile is taken to be wide: encoders make no element -2^m of MX6 or MX4.

#pragma once

#include "tile_loop.h"

class TileSequencer {
  public:
    MemoryRead<Tile> stored;
    Delay<char> a_released, b_released;
    bool passing = false;                      // array 0 took a pass in the cycle before
    int64_t starts = 0;                        // arrays that a tile starts in, in this cycle
    int64_t ends = 0;                          // and those whose tile ends
    Tile tile{};                               // the one that ends

    TileSequencer(Clock& clock, const Sizes& sizes)
        : stored(clock), a_released(clock, sizes.release_delay), b_released(clock, sizes.release_delay),
          clock(clock), sizes(sizes) {}

    bool busy() const { return stored.under_way || stored.valid; }
    // `room`: of each array. Takes tiles of `loop`.
    void step(TileLoop& loop, const bool* room) {
        starts = ends = 0;
        bool goes = false;
        if (!running && stored.valid) {
            const Tile& next = stored.value;
            bool may = true;
            for (int64_t n = 0; n < next.arrays; n++) may &= room[n];
            const bool held = next.passes() == 1 && clock.now < last_end + sizes.drain_rows;
            if (may && !held) {
                running = true;
                starts = next.arrays;
                all_but_last = clock.now + next.passes() - 1;
                end = std::max(all_but_last, last_end + sizes.drain_rows);
                clock.touch();
            }
        }
        if (running) goes = clock.now < all_but_last || clock.now == end;
        const bool done = running && clock.now == end;
        if (done) {
            tile = stored.value;
            ends = tile.arrays;
            if (tile.release[0]) a_released.push(0);
            if (tile.release[1]) b_released.push(0);
            running = false, last_end = clock.now;
            clock.touch();
        }
        if (goes != passing) clock.touch();
        passing = goes;
        const bool there = loop.tiles.valid(), taken = there && stored.goes_on(done);
        const Tile next = there ? loop.tiles.front() : Tile{};
        stored.step(done, there, next);
        if (taken) loop.tiles.pop();
    }
    Cycle next() {
        Cycle when = std::min(a_released.next(), b_released.next());
        if (running) when = std::min(when, clock.now <= all_but_last ? all_but_last : end);
        else if (stored.valid && clock.now <= last_end + sizes.drain_rows)
            when = std::min(when, last_end + sizes.drain_rows);
        return when;
    }

  private:
    Clock& clock;
    const Sizes& sizes;
    bool running = false;
    Cycle all_but_last = 0, end = 0, last_end = -1000000;
};
