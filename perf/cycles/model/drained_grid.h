// hw/array/drained_grid.py: when an array has room for a tile, and when its rows are there.

#pragma once

#include "clock.h"
#include "sizes.h"

class DrainedGrid {
  public:
    bool room = false;

    DrainedGrid(Clock& clock, const Sizes& sizes)
        : clock(clock), sizes(sizes), ended(clock, sizes.drain_delay), reader(clock, sizes.drained_rows, 3) {}

    bool valid() const { return reader.valid(); }
    bool last() const { return beat == sizes.drain_rows - 1; }
    void step(bool starts, bool ends, bool taken) {
        if (ended.due()) ended.take(), coming = sizes.drain_rows;
        reader.step(coming > 0, taken);
        if (coming) coming--, clock.touch();
        const bool has = reserved <= sizes.drained_rows - sizes.room_tiles * sizes.drain_rows;
        if (has != room || started || starts || taken) clock.touch();
        room = has;
        reserved += sizes.drain_rows * started - int64_t(taken);
        started = starts;
        if (taken) beat = last() ? 0 : beat + 1;
        if (ends) ended.push(0);
    }
    Cycle next() { return ended.next(); }

  private:
    Clock& clock;
    const Sizes& sizes;
    Delay<char> ended;
    RingReader reader;
    int64_t coming = 0, reserved = 0, beat = 0;
    bool started = false;
};
