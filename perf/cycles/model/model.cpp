// The cycle model behind the same accesses to registers as mixdit/sim/engine.cpp.

#include "engine.h"

namespace {

// Cycles of register accesses over AXI4-Lite: the effect of a write is in its first one; a read's value is that of
// the second one.
constexpr int64_t WRITE_CYCLES = 2, READ_CYCLES = 4, READ_AFTER = 1;

void run(Engine& engine, int64_t cycles) {
    while (cycles-- > 0) {
        engine.step();
        cycles -= engine.skip(cycles);
    }
}

}  // namespace

extern "C" {

int64_t model_layout(int which) { return which ? int64_t(sizeof(Job)) : int64_t(sizeof(Sizes)); }
void* model_open(const Sizes* sizes) { return new Engine(*sizes); }
void model_close(void* engine) { delete static_cast<Engine*>(engine); }
int64_t model_cycles(void* engine) { return static_cast<Engine*>(engine)->clock.now; }

int model_reset(void* engine) { return static_cast<Engine*>(engine)->reset(); }

// Puts an entry of a list where the doorbell finds it.
void model_add_entry(void* engine, const Job* job) { static_cast<Engine*>(engine)->lists.add(*job); }

enum Write { NOTHING, DOORBELL, LIST_DOORBELL, CLEAR_COUNTERS, INTERRUPT_STATUS, INTERRUPT_ENABLE };

// Whether the write is refused.
int model_write(void* engine, int what, int64_t value, const Job* job) {
    Engine& e = *static_cast<Engine*>(engine);
    e.clock.touch();
    int refused = 0;
    switch (what) {
    case DOORBELL:
        refused = e.full();
        if (!refused) e.doorbell = job;
        break;
    case LIST_DOORBELL:
        refused = e.lists.fetching();
        e.list_doorbell = !refused;
        break;
    case INTERRUPT_STATUS: e.cleared = value; break;
    }
    run(e, 1);
    if (what == INTERRUPT_ENABLE) e.enabled = value;  // a register: from the next cycle on
    if (what == CLEAR_COUNTERS) e.clears_counters = true;
    e.clock.touch();
    run(e, WRITE_CYCLES - 1);
    return refused;
}

enum Read { STATE, COUNTERS };

// The registers as a read finds them, in the order of perf.cycles.port.
void model_read(void* engine, int what, int64_t* values) {
    Engine& e = *static_cast<Engine*>(engine);
    run(e, READ_AFTER);
    const Counters& c = e.counters;
    Supervisor& s = e.supervisor;
    if (what == COUNTERS) {
        const int64_t found[] = {c.cycles, c.busy, c.fill, c.drain, c.loader_stall, c.read_stall, c.write_stall,
                                 c.single, c.doubled, c.quadruple,
                                 c.bytes_read, c.bytes_written};
        std::copy(std::begin(found), std::end(found), values);
    } else {
        const int64_t found[] = {s.busy(), e.full(), s.lists != 0, e.lists.fetching(), s.submitted - s.done,
                                 s.submitted, s.done, s.lists_done, e.pending, e.enabled};
        std::copy(std::begin(found), std::end(found), values);
    }
    run(e, READ_CYCLES - READ_AFTER);
}

// As engine_run.
int model_run(void* engine, uint64_t cycles, int until_interrupt) {
    Engine& e = *static_cast<Engine*>(engine);
    int64_t left = int64_t(cycles);
    while (left > 0 && !(until_interrupt && e.interrupt())) {
        e.step(), left--;
        if (!(until_interrupt && e.interrupt())) left -= e.skip(left);
    }
    return e.interrupt();
}

}  // extern "C"
