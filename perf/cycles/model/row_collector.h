// hw/gemm/results/row_collector.py and line_sender.py: fragments of rows to lines of memory.

#pragma once

#include "result_format.h"
#include "write_master.h"

class RowCollector {
  public:
    MemoryRead<WriteBeat> beat;

    RowCollector(Clock& clock, const Sizes& sizes, int64_t rows)
        : beat(clock), clock(clock), sizes(sizes), lines(clock, std::max(int64_t(4), 4 * rows), true),
          waiting(size_t(sizes.kept_lines * rows)), slots(size_t(rows)), starts(size_t(rows)),
          line_units(sizes.line_bytes / sizes.unit_bytes) {}

    bool placed() const { return !begun && !held; }
    bool idle(int64_t turn, int64_t writing) {
        const bool none_left = lines.level() == 0 || (lines.valid() && lines.front().turn != writing);
        return (placed() || turn != writing) && none_left && !beat.under_way && !beat.valid;
    }
    // `sent`: the beat was taken; whether `fragment` is, where one is offered if `given`.
    bool step(bool sent, int64_t turn, int64_t writing, bool given, const Fragment& fragment) {
        // The sender, a beat at a time.
        const bool there = lines.valid() && lines.front().turn == writing;
        const bool reads = there && beat.goes_on(sent);
        WriteBeat next{};
        int64_t line_sent = -1;
        bool ends = false;
        if (there) {
            const Line& line = lines.front();
            const int64_t units = sizes.beat_bytes / sizes.unit_bytes, last = line.last / units;
            const int64_t number = under_way ? following : line.first / units;
            ends = number == last;
            next = {last - number, (line.last - line.first + 1) * sizes.unit_bytes, line.turn};
            if (reads) following = number + 1, under_way = !ends;
        }
        beat.step(sent, there, next);

        // The fragment that is held: its lines into the queue.
        const bool free = !blocked[0] && !blocked[1];
        const bool emits = place.ends || full, splits = place.ends && spills && !second;
        const bool offers = held && emits && (free || second), queue_ready = lines.ready();
        const bool done = held && (free || second) && (!emits || queue_ready) && !splits;
        const int64_t from_unit = place.begins ? first : starts[size_t(place.row)];
        int64_t queued = -1;
        bool second_after = second;
        if (offers && queue_ready) {
            queued = place_of(second ? next_slot(slot) : slot, place.row);
            lines.push({turn, queued, second ? 0 : from_unit, full && !second ? line_units - 1 : last});
            second_after = splits;
        }
        if (reads && ends) line_sent = lines.front().place, lines.pop();
        if (done && !place.ends) starts[size_t(place.row)] = full ? 0 : from_unit;
        second = second_after;

        const bool takes = begun && (!held || done), accepts = !begun || takes;
        if (done) held = false;
        if (takes) hold();
        else {
            blocked[0] &= bool(waiting[size_t(place_of(slot, place.row))]);
            blocked[1] &= bool(waiting[size_t(place_of(next_slot(slot), place.row))]);
        }
        if (queued >= 0) waiting[size_t(queued)] = true;
        if (line_sent >= 0) waiting[size_t(line_sent)] = false;
        if (reads || done || takes || queued >= 0 || (given && accepts)) clock.touch();
        if (!accepts) return false;
        begun = given;
        if (given) fresh = fragment;
        return given;
    }

  private:
    struct Line {
        int64_t turn, place, first, last;
    };
    Clock& clock;
    const Sizes& sizes;
    Queue<Line> lines;
    std::vector<char> waiting;
    std::vector<int64_t> slots, starts;
    int64_t line_units, following = 0;
    bool under_way = false, begun = false, held = false, second = false;
    Fragment fresh{}, place{};
    // What the held fragment is of its line.
    int64_t first = 0, last = 0, slot = 0;
    bool full = false, spills = false, blocked[2] = {false, false};

    int64_t next_slot(int64_t of) const { return (of + 1) % sizes.kept_lines; }
    int64_t place_of(int64_t of, int64_t row) const { return row * sizes.kept_lines + of; }
    void hold() {
        held = true;
        place = fresh;
        const int64_t reach = place.address % sizes.line_bytes / sizes.unit_bytes + place.bytes / sizes.unit_bytes;
        first = place.address % sizes.line_bytes / sizes.unit_bytes;
        last = (reach - 1) % line_units;
        full = reach >= line_units, spills = reach > line_units;
        int64_t& of_row = slots[size_t(place.row)];
        slot = of_row;
        of_row = (of_row + full + (place.ends && (spills || !full))) % sizes.kept_lines;
        blocked[0] = waiting[size_t(place_of(slot, place.row))];
        blocked[1] = spills && waiting[size_t(place_of(next_slot(slot), place.row))];
    }
};
