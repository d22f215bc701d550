// The clock loop around a Verilated mx_array: three AXI4-Streams between memory and the model.
//
// A stream is a list of beats; an input beat names its data by an index into a table, so that a tile
// that is used many times is stored once. All arrays belong to the caller. ROWS, COLS, OUTPUTS (values
// per output beat) and SLOT_BYTES come from the build.

#include <cstdint>
#include <cstring>

#include "counts.h"
#include "Vtop.h"
#include "Vtop___024root.h"
#include "verilated.h"

#include "power_up.h"
#include "random.h"
#include "waveform.h"

extern "C" {

struct Input {             // one input stream
    const uint8_t* table;  // [entries][lanes][SLOT_BYTES]
    const uint32_t* index; // [beats], entry of each beat
    const uint8_t* user;   // [beats]
    const uint8_t* last;   // [beats]
    uint64_t beats;
    uint64_t stall;        // probability * 65536 of a cycle without TVALID, between beats
};

struct Output {            // the output stream
    uint8_t* data;         // [beats][OUTPUTS][4]
    uint8_t* user;         // [beats]
    uint8_t* last;         // [beats]
    uint64_t* cycle;       // [beats], when it was transferred
    uint64_t beats;
    uint64_t stall;        // probability * 65536 of a cycle without TREADY
};

struct Request {
    Input a, b;
    Output d;
    uint64_t seed;
    uint64_t idle_limit;                      // cycles without a transfer that count as a hang
    uint64_t quiet_cycles;                    // cycles to watch after the last expected beat
    int (*progress)(uint64_t beats_received); // called now and then, true to stop; or null
    uint64_t accepted_a, accepted_b, received; // results: beats transferred
    uint64_t first_cycle;                     // result: when the first input beat was transferred
    uint64_t passes, first_pass, last_pass;   // results: passes issued; cycles of the first and last one
};

}  // extern "C"

namespace {

enum Status { DONE = 0, HANG = 1, UNSTABLE = 2, STOPPED = 3, EXTRA = 4 };

constexpr uint64_t PROGRESS_CYCLES = 1 << 15;
constexpr size_t A_BYTES = ROWS * SLOT_BYTES, B_BYTES = COLS * SLOT_BYTES, D_BYTES = OUTPUTS * 4;

struct Model {
    PowerUp context;
    Vtop top{&context, ""};  // waveforms begin with the design, not with "TOP"
    Waveform waveform;
    Counts counts;

    Model(uint64_t seed, const char* wave_path, const char* counts_path)
        : context(seed), waveform(context, top, wave_path), counts(context, counts_path) {
        reset();
    }
    void settle() { waveform.fall(top); }  // what depends combinationally on the inputs
    void edge() {
        top.clk = 1;
        top.eval();
    }
    void reset() {
        top.s_axis_a_tvalid = top.s_axis_b_tvalid = top.m_axis_d_tready = 0;
        top.rst = 1;
        settle(), edge();
        top.rst = 0;
    }
};

// Drives one input stream. Data is the type of its TDATA port, BYTES what of it is used.
template <typename Data, size_t BYTES>
class Driver {
  public:
    uint64_t accepted = 0;

    Driver(const Input& input, uint64_t seed, CData& valid, Data& data, CData& user, CData& last)
        : input(input), random(seed), valid(valid), user(user), last(last), data(data) {}

    void drive() {
        if (valid) return;
        if (accepted < input.beats && !random.chance(input.stall)) {
            std::memcpy(&data, input.table + input.index[accepted] * BYTES, BYTES);
            user = input.user[accepted];
            last = input.last[accepted];
            valid = 1;
        }
    }
    // Whether the beat is transferred at the coming clock edge; call after the model has settled.
    bool transfer(bool ready) { return moving = valid && ready; }
    void after_edge() {
        if (!moving) return;
        accepted++;
        valid = 0;
        std::memset(&data, 0x5A, BYTES);  // nothing may depend on the payload of no beat
        last ^= 1;
    }

  private:
    const Input& input;
    Random random;
    CData &valid, &user, &last;
    Data& data;
    bool moving = false;
};

int run(Model& model, Request& request) {
    Vtop& top = model.top;
    Driver<decltype(top.s_axis_a_tdata), A_BYTES> a(request.a, 3 * request.seed, top.s_axis_a_tvalid,
        top.s_axis_a_tdata, top.s_axis_a_tuser, top.s_axis_a_tlast);
    Driver<decltype(top.s_axis_b_tdata), B_BYTES> b(request.b, 3 * request.seed + 1, top.s_axis_b_tvalid,
        top.s_axis_b_tdata, top.s_axis_b_tuser, top.s_axis_b_tlast);
    Random random(3 * request.seed + 2);
    Output& d = request.d;
    uint8_t waiting[D_BYTES];
    bool stalled = false, started = false;
    uint64_t received = 0, moved = 0, quiet = 0;
    Status status = DONE;

    for (uint64_t cycle = 0; status == DONE && quiet <= request.quiet_cycles; cycle++) {
        a.drive();
        b.drive();
        top.m_axis_d_tready = !random.chance(d.stall);
        model.settle();
        bool progress = a.transfer(top.s_axis_a_tready) | b.transfer(top.s_axis_b_tready);
        if (progress && !started) {
            started = true;
            request.first_cycle = cycle;
        }
        const bool valid = top.m_axis_d_tvalid;
        if (stalled && (!valid || std::memcmp(waiting, &top.m_axis_d_tdata, D_BYTES))) status = UNSTABLE;
        stalled = valid && !top.m_axis_d_tready;
        if (valid && received == d.beats) {
            status = EXTRA;
        } else if (stalled) {
            std::memcpy(waiting, &top.m_axis_d_tdata, D_BYTES);
        } else if (valid) {
            std::memcpy(d.data + received * D_BYTES, &top.m_axis_d_tdata, D_BYTES);
            d.user[received] = top.m_axis_d_tuser;
            d.last[received] = top.m_axis_d_tlast;
            d.cycle[received] = cycle;
            received++;
            progress = true;
        }
        if (top.rootp->mx_array__DOT__core__DOT__sequencer__DOT__issue) {
            if (!request.passes++) request.first_pass = cycle;
            request.last_pass = cycle;
        }
        model.edge();
        a.after_edge();
        b.after_edge();
        const bool complete = received == d.beats && a.accepted == request.a.beats && b.accepted == request.b.beats;
        if (complete) quiet++;
        if (progress) moved = cycle;
        if (status != DONE) break;
        if (!complete && cycle - moved > request.idle_limit) status = HANG;
        if (request.progress && cycle % PROGRESS_CYCLES == 0 && request.progress(received)) status = STOPPED;
    }
    request.accepted_a = a.accepted;
    request.accepted_b = b.accepted;
    request.received = received;
    return status;
}

}  // namespace

extern "C" {

// `seed`: of what registers hold at power-up. Paths: of waveform and counts; null for none.
void* array_open(uint64_t seed, const char* wave_path, const char* counts_path) {
    return new Model(seed, wave_path, counts_path);
}
void array_close(void* model) { delete static_cast<Model*>(model); }
void array_reset(void* model) { static_cast<Model*>(model)->reset(); }
int array_run(void* model, Request* request) { return run(*static_cast<Model*>(model), *request); }

}  // extern "C"
