// hw/gemm/operands/unpacker.py: when a tile is whole on chip. Only its last row's last block tells that.

#pragma once

#include "read_master.h"

class Unpacker {
  public:
    Unpacker(Clock& clock, const Sizes& sizes)
        : clock(clock), ahead(int(sizes.ahead)), loaded{{clock, sizes.load_delay}, {clock, sizes.load_delay}} {}

    // Of A (0) or B (1): a tile is on chip from the next cycle on.
    Delay<char>& tiles(int side) { return loaded[side]; }
    // BlockFinder's window: beats move on when one comes, and where none is missing behind the newest.
    void step(const ReadMaster& reader) {
        const bool comes = reader.beat && reader.tag.target < 0;
        if (!comes && !any) return;
        Beat& newest = window[ahead - 1];
        if (!comes && newest.valid && !newest.last) return;
        clock.touch();
        if (window[0].valid && window[0].flagged) loaded[window[0].side].push(0);
        any = comes;
        for (int n = 0; n + 1 < ahead; n++) window[n] = window[n + 1], any |= window[n].valid;
        newest = {comes, reader.last, reader.number == reader.tag.flagged, int(reader.tag.side)};
    }

  private:
    struct Beat {
        bool valid, last, flagged;
        int side;
    };
    Clock& clock;
    int ahead;
    bool any = false;
    Beat window[4] = {};
    Delay<char> loaded[2];
};
