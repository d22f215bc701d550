// hw/gemm/jobs/counters.py: cycles by what happened in them.

#pragma once

#include <cstdint>

struct Activity {
    bool busy, passing, tiles, starved, blocked, job_begins;
};

struct Counters {
    int64_t cycles = 0, busy = 0, fill = 0, drain = 0, loader_stall = 0, read_stall = 0, write_stall = 0;
    int64_t single = 0, doubled = 0, quadruple = 0, bytes_read = 0, bytes_written = 0;

    // So many cycles of the same kind.
    void add(const Activity& now, int64_t times) {
        if (now.busy) {
            cycles += times;
            if (now.passing) busy += times;
            else if (!now.tiles) drain += times;
            else if (!begun) fill += times;
            else if (now.blocked) write_stall += times;
            else if (now.starved) read_stall += times;
            else loader_stall += times;
        }
        if (now.passing) begun = true;
        if (now.job_begins || !now.busy) begun = false;
    }
    void clear() {
        const bool kept = begun;
        *this = Counters();
        begun = kept;
    }

  private:
    bool begun = false;
};
