// An AXI4 memory with latency, bandwidth, stalls and faults, which checks the manager's manners.
//
// All bursts are answered in order. A burst reads memory at any time between its address and its data, and
// writes at any time between its last data and its response, as the specification allows: which, is random.
// BEAT_BYTES comes from the build.

#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <deque>
#include <vector>

#include "Vtop.h"

#include "random.h"
#include "shared_memory.h"

enum Violation { NONE = 0, UNSTABLE = 1, PAGE = 2, BURST = 3, LAST = 4 };
enum Direction { READ = 0, WRITE = 1 };
enum Response { OKAY = 0, DECERR = 3 };

constexpr uint64_t ONE = 1 << 16;  // of probabilities and rates
constexpr uint64_t PAGE_BYTES = 4096, AHEAD = 16;  // beats of W that may come before their AW

class AxiMemory {
  public:
    AxiMemory(Vtop& top, Memory& memory) : top(top), memory(memory), random(memory.seed) { reset(); }

    void reset() {
        reads.clear(), addresses.clear(), arrived.clear(), responses.clear();
        top.m_axi_arready = top.m_axi_awready = top.m_axi_wready = top.m_axi_rvalid = top.m_axi_bvalid = 0;
        waiting_ar = waiting_aw = waiting_w = read_moves = response_moves = false;
    }
    void reseed() { random = Random(memory.seed); }

    // Sets the engine's inputs for a cycle.
    void drive() {
        memory.cycles++;
        for (uint64_t& c : credit) c = std::min(c + memory.bandwidth, 2 * ONE - 1);
        top.m_axi_arready = reads.size() < memory.outstanding && !rests();
        top.m_axi_awready = addresses.size() + responses.size() < memory.outstanding && !rests();
        top.m_axi_wready = credit[WRITE] >= ONE && arrived.size() < AHEAD && !rests();
        if (read_moves) top.m_axi_rvalid = 0;
        if (!top.m_axi_rvalid) offer_beat();
        if (response_moves) top.m_axi_bvalid = 0;
        if (!top.m_axi_bvalid) offer_response();
    }

    // Takes what is transferred at the coming clock edge; the engine has settled.
    void observe() {
        if (top.m_axi_arvalid && top.m_axi_arready) {
            reads.push_back(burst(READ, top.m_axi_araddr, top.m_axi_arlen, top.m_axi_arsize, top.m_axi_arburst));
            reads.back().due = memory.cycles + memory.latency[READ];
            if (reads.back().early) read_early(reads.back());
        }
        read_moves = top.m_axi_rvalid && top.m_axi_rready;
        if (read_moves && ++reads.front().moved == reads.front().beats) reads.pop_front();
        if (top.m_axi_awvalid && top.m_axi_awready)
            addresses.push_back(burst(WRITE, top.m_axi_awaddr, top.m_axi_awlen, top.m_axi_awsize, top.m_axi_awburst));
        if (top.m_axi_wvalid && top.m_axi_wready) {
            credit[WRITE] -= ONE;
            arrived.push_back({uint64_t(top.m_axi_wstrb), bool(top.m_axi_wlast), {}});
            std::memcpy(arrived.back().data.data(), &top.m_axi_wdata, BEAT_BYTES);
        }
        while (!addresses.empty() && !arrived.empty()) join_write();
        response_moves = top.m_axi_bvalid && top.m_axi_bready;
        if (response_moves) responses.pop_front();
        check_stable();
    }

  private:
    using Data = std::array<uint8_t, BEAT_BYTES>;
    struct WriteBeat {
        uint64_t strobes;
        bool last;
        Data data;
    };
    struct Burst {
        uint64_t address, beats, moved = 0, due = 0, response = OKAY;
        bool early = false;
        std::vector<Data> early_data;      // of reads
        std::vector<WriteBeat> late_data;  // of writes
    };

    Vtop& top;
    Memory& memory;
    Random random;
    std::deque<Burst> reads, addresses, responses;
    std::deque<WriteBeat> arrived;
    uint64_t credit[2] = {0, 0};
    bool read_moves = false, response_moves = false, waiting_ar = false, waiting_aw = false, waiting_w = false;
    uint64_t ar = 0, aw = 0;
    WriteBeat w{};

    bool rests() { return random.chance(memory.stall); }
    void violate(Violation what, uint64_t address) {
        if (memory.violation) return;
        memory.violation = what;
        memory.violation_address = address;
    }

    Burst burst(Direction direction, uint64_t address, uint64_t length, uint64_t size, uint64_t kind) {
        memory.bursts[direction]++;
        const uint64_t bytes = (length + 1) * BEAT_BYTES;
        if (kind != 1 || (1u << size) != BEAT_BYTES || address % BEAT_BYTES) violate(BURST, address);
        if (address / PAGE_BYTES != (address + bytes - 1) / PAGE_BYTES) violate(PAGE, address);
        Burst made{address, length + 1};
        made.early = random.chance(ONE / 2);
        return made;
    }

    // Whether the memory has this beat.
    bool holds(uint64_t address) const {
        return address >= memory.origin && address - memory.origin + BEAT_BYTES <= memory.size;
    }
    // The response to the next beat: errors by order, and where there is no memory.
    uint64_t answer(Direction direction, uint64_t address, uint64_t reported) {
        const uint64_t number = memory.beats[direction]++;
        if (number - memory.fault_first[direction] < memory.fault_beats[direction]) {
            if (number == memory.fault_first[direction]) memory.fault_address[direction] = reported;
            memory.faults[direction]++;
            return memory.fault_response[direction];
        }
        return holds(address) ? OKAY : DECERR;
    }

    Data read(uint64_t address) const {
        Data data;
        data.fill(0xA5);
        if (holds(address)) std::memcpy(data.data(), memory.data + address - memory.origin, BEAT_BYTES);
        return data;
    }
    void read_early(Burst& burst) {
        for (uint64_t n = 0; n < burst.beats; n++) burst.early_data.push_back(read(burst.address + n * BEAT_BYTES));
    }
    void offer_beat() {
        if (reads.empty() || reads.front().due > memory.cycles || credit[READ] < ONE || rests()) {
            std::memset(&top.m_axi_rdata, 0x5A, BEAT_BYTES);  // nothing may depend on the payload of no beat
            top.m_axi_rresp = top.m_axi_rlast = 1;
            return;
        }
        Burst& burst = reads.front();
        const uint64_t address = burst.address + burst.moved * BEAT_BYTES;
        Data data = burst.early_data.empty() ? read(address) : burst.early_data[burst.moved];
        credit[READ] -= ONE;
        top.m_axi_rresp = answer(READ, address, address);
        if (top.m_axi_rresp) data.fill(0xA5);
        std::memcpy(&top.m_axi_rdata, data.data(), BEAT_BYTES);
        top.m_axi_rlast = burst.moved + 1 == burst.beats;
        top.m_axi_rvalid = 1;
    }

    void join_write() {
        Burst& burst = addresses.front();
        const uint64_t address = burst.address + burst.moved * BEAT_BYTES;
        WriteBeat beat = arrived.front();
        arrived.pop_front();
        const bool last = ++burst.moved == burst.beats;
        if (beat.last != last) violate(LAST, address);
        if (const uint64_t response = answer(WRITE, address, burst.address)) {
            burst.response = response;
            beat.strobes = 0;
        }
        burst.late_data.push_back(beat);
        if (!last) return;
        if (burst.early) write(burst);
        burst.due = memory.cycles + memory.latency[WRITE];
        responses.push_back(std::move(burst));
        addresses.pop_front();
    }
    void write(Burst& burst) {
        uint8_t* data = memory.data + (burst.address - memory.origin);
        uint8_t* written = memory.written + (burst.address - memory.origin);
        for (const WriteBeat& beat : burst.late_data) {
            for (size_t lane = 0; lane < BEAT_BYTES; lane++) {
                if (!(beat.strobes >> lane & 1)) continue;
                data[lane] = beat.data[lane];
                written[lane] = 1;
            }
            data += BEAT_BYTES, written += BEAT_BYTES;
        }
        burst.late_data.clear();
    }
    void offer_response() {
        top.m_axi_bresp = 1;
        if (responses.empty() || responses.front().due > memory.cycles || rests()) return;
        write(responses.front());
        top.m_axi_bresp = responses.front().response;
        top.m_axi_bvalid = 1;
    }

    void check_stable() {
        const uint64_t read = top.m_axi_araddr ^ uint64_t(top.m_axi_arlen) << 56;
        const uint64_t write = top.m_axi_awaddr ^ uint64_t(top.m_axi_awlen) << 56;
        WriteBeat beat{uint64_t(top.m_axi_wstrb), bool(top.m_axi_wlast), {}};
        std::memcpy(beat.data.data(), &top.m_axi_wdata, BEAT_BYTES);
        if (waiting_ar && (!top.m_axi_arvalid || read != ar)) violate(UNSTABLE, top.m_axi_araddr);
        if (waiting_aw && (!top.m_axi_awvalid || write != aw)) violate(UNSTABLE, top.m_axi_awaddr);
        if (waiting_w && (!top.m_axi_wvalid || beat.strobes != w.strobes || beat.last != w.last || beat.data != w.data))
            violate(UNSTABLE, top.m_axi_awaddr);
        waiting_ar = top.m_axi_arvalid && !top.m_axi_arready;
        waiting_aw = top.m_axi_awvalid && !top.m_axi_awready;
        waiting_w = top.m_axi_wvalid && !top.m_axi_wready;
        ar = read, aw = write, w = beat;
    }
};
