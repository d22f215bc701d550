// mixdit/sim/axi_memory.h: when the memory takes and answers, without its bytes.

#pragma once

#include "clock.h"
#include "sizes.h"

class Memory {
  public:
    bool takes_read = false, takes_write = false, takes_data = false;  // ARREADY, AWREADY, WREADY
    bool read = false, read_ends = false, answered = false;            // a beat of R, the last of a burst; B

    Memory(Clock& clock, const Sizes& sizes) : clock(clock), sizes(sizes) {}

    // What memory offers in this cycle.
    void drive() {
        const int64_t most = 2 * sizes.one - 1, passed = clock.now - driven;
        driven = clock.now;
        for (int64_t& left : credit) left = std::min(left + passed * sizes.bandwidth, most);
        const int64_t under_way = int64_t(reads.size());
        takes_read = under_way < sizes.outstanding;
        takes_write = int64_t(addresses.size() + responses.size()) < sizes.outstanding;
        takes_data = credit[1] >= sizes.one && int64_t(arrived.size()) < sizes.ahead_beats;
        read = !reads.empty() && reads.front().due <= clock.now && credit[0] >= sizes.one;
        read_ends = read && reads.front().left == 1;
        answered = !responses.empty() && responses.front() <= clock.now;
    }
    // What it takes with the cycle's end: a burst to read; the address and a beat of one to write.
    void observe(int64_t burst, bool address, int64_t beats, bool data) {
        if (!burst && !read && !address && !data && !answered) return;
        clock.touch();
        if (burst) reads.push({burst, clock.now + sizes.read_latency});
        if (read) {
            credit[0] -= sizes.one;
            if (--reads.front().left == 0) reads.pop();
        }
        if (address) addresses.push(beats);
        if (data) credit[1] -= sizes.one, arrived.push(0);
        while (!addresses.empty() && !arrived.empty()) {
            arrived.pop();
            if (--addresses.front()) continue;
            addresses.pop();
            responses.push(clock.now + sizes.write_latency);
        }
        if (answered) responses.pop();
    }
    Cycle next() {
        Cycle when = reads.empty() ? NEVER : credit[0] < sizes.one ? clock.now + 1 : reads.front().due;
        if (!responses.empty()) when = std::min(when, responses.front());
        if (credit[1] < sizes.one) when = std::min(when, clock.now + 1);
        return when;
    }

  private:
    struct Burst {
        int64_t left;
        Cycle due;
    };
    Clock& clock;
    const Sizes& sizes;
    int64_t credit[2] = {0, 0};
    Cycle driven = -1;
    Ring<Burst> reads;
    Ring<int64_t> addresses;
    Ring<char> arrived;
    Ring<Cycle> responses;
};
