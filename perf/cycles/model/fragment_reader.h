// hw/axi/fragment_reader.py: fragments of 64 bytes, requested ahead, given part by part.

#pragma once

#include "read_master.h"

class FragmentReader {
  public:
    FragmentReader(Clock& clock, int64_t depth, int64_t parts)
        : clock(clock), parts(parts), counts(clock, depth), part(clock), room(depth) {}

    bool has_room() const { return room != 0; }
    bool valid() const { return part.valid; }
    // `taken`: the part was; `times`: how often what is requested in this cycle is to be given, or 0;
    // `beat`, `beat_last`: one came for it.
    void step(bool taken, int64_t times, bool beat, bool beat_last) {
        const bool there = waiting != 0, reads = there && part.goes_on(taken);
        bool given = false;
        if (reads && ++at == parts) {
            at = 0;
            given = ++time == counts.front();
            if (given) time = 0, counts.pop();
        }
        part.step(taken, there, 0);
        if (times) counts.push(times);
        if (times || given || stored || beat || reads) clock.touch();
        waiting += int64_t(stored) - int64_t(given);
        room += int64_t(given) - int64_t(times != 0);
        stored = beat && beat_last;
    }

  private:
    Clock& clock;
    int64_t parts;
    Queue<int64_t> counts;
    MemoryRead<char> part;
    int64_t room, waiting = 0, at = 0, time = 0;
    bool stored = false;
};
