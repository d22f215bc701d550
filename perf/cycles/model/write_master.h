// hw/axi/write_master.py and line_count.py: beats of lines to bursts; which turns' lines are in memory.

#pragma once

#include "memory.h"

struct WriteBeat {
    int64_t more, bytes, turn;
};

class WriteMaster {
  public:
    static constexpr int TURNS = 3;

    bool ended[TURNS] = {true, true, true};
    int64_t written = 0;  // bytes of the line that ends in this cycle
    bool address = false, data = false;  // AW and W are taken in this cycle
    int64_t beats = 0;                   // of the burst whose address is taken

    WriteMaster(Clock& clock, const Sizes& sizes, Memory& memory) : clock(clock), sizes(sizes), memory(memory) {}

    // Whether the beat that is offered leaves; `line`: the turn of a line that ends on its way here, or -1.
    bool step(bool valid, const WriteBeat& beat, int64_t line) {
        address = aw && memory.takes_write, data = w && memory.takes_data, beats = aw_beats;
        const bool may_begin = (!aw || memory.takes_write) && room;
        const bool leaves = valid && (!w || memory.takes_data) && (under_way || may_begin);
        const bool last = beat.more == 0, room_after = bursts.size() < size_t(sizes.write_bursts - 1);
        if (room_after != room) clock.touch();
        written = leaves && last ? beat.bytes : 0;
        count(line, memory.answered ? bursts.front() : -1);
        room = room_after;
        if (memory.answered) bursts.pop();
        if (memory.takes_write) aw = false;
        if (memory.takes_data) w = false;
        if (!leaves) return false;
        clock.touch();
        w = true;
        if (!under_way) {
            aw = true, aw_beats = beat.more + 1;
            bursts.push(beat.turn);
        }
        under_way = !last;
        return true;
    }

  private:
    Clock& clock;
    const Sizes& sizes;
    Memory& memory;
    bool aw = false, w = false, under_way = false, room = false;
    int64_t aw_beats = 0, answered_turn = -1;
    Ring<int64_t> bursts;
    int64_t lines[TURNS] = {0, 0, 0};

    // LineCount: what was answered counts a cycle later.
    void count(int64_t taken, int64_t answered) {
        for (int64_t turn = 0; turn < TURNS; turn++) {
            const bool comes = turn == taken, goes = turn == answered_turn;
            if (comes && !goes) ended[turn] = false;
            if (goes && !comes) ended[turn] = lines[turn] == 1;
            lines[turn] += comes - goes;
            if (comes || goes) clock.touch();
        }
        if (answered_turn != answered) clock.touch();
        answered_turn = answered;
    }
};
