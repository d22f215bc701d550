// hw/axi/read_master.py: commands to bursts, beats back in order.

#pragma once

#include "memory.h"

// Who reads what: `target` is where the beats go, -1 for operands.
struct ReadCommand {
    int64_t address, bytes, target;
    int64_t side, flagged;  // of operands: the beat, counted from 0, in which a tile's last block starts, or -1
};

class ReadMaster {
  public:
    // The register behind R.
    bool beat = false, first = false, last = false;
    int64_t number = 0;
    ReadCommand tag{};

    ReadMaster(Clock& clock, const Sizes& sizes, Memory& memory) : clock(clock), sizes(sizes), memory(memory) {}

    // Whether a command is taken in this cycle, once the memory has been driven.
    bool ready() {
        issue = active && room && (!asks || memory.takes_read);
        return !active || (issue && spans_left == 0);
    }
    // Takes `command` if there is one; the beats of the burst that memory takes, or 0.
    int64_t step(const ReadCommand* command) {
        const int64_t taken = asks && memory.takes_read ? asks : 0;
        const bool room_after = level < sizes.read_bursts - 1;
        if (room_after != room) clock.touch();
        beat = memory.read;
        if (beat) {
            tag = commands.front().tag;
            number = commands.front().beats - left_of(commands.front());
            first = number == 0;
            last = --commands.front().left == 0;
            if (last) commands.pop();
        }
        if (memory.read && memory.read_ends) level--;
        if (memory.takes_read) asks = 0;
        if (issue) {
            clock.touch();
            asks = std::min(beats_left, span_end);
            beats_left -= asks;
            span_end = sizes.burst_bytes / sizes.beat_bytes;
            if (spans_left-- == 0) active = false;
            level++;
        }
        room = room_after;
        if (command) {
            clock.touch();
            const int64_t begin = command->address / sizes.beat_bytes;
            const int64_t end = (command->address + command->bytes - 1) / sizes.beat_bytes;
            const int64_t span = sizes.burst_bytes / sizes.beat_bytes;
            active = true;
            beats_left = end - begin + 1;
            span_end = span - begin % span;
            spans_left = end / span - begin / span;
            commands.push({*command, beats_left, beats_left});
        }
        return taken;
    }

  private:
    struct UnderWay {
        ReadCommand tag;
        int64_t beats, left;
    };
    static int64_t left_of(const UnderWay& command) { return command.left; }

    Clock& clock;
    const Sizes& sizes;
    Memory& memory;
    bool active = false, room = false, issue = false;
    int64_t asks = 0, beats_left = 0, span_end = 0, spans_left = 0, level = 0;
    Ring<UnderWay> commands;
};
