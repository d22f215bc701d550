// The clock loop around a Verilated mixdit_gemm: registers over AXI4-Lite, memory over AXI4.

#include <algorithm>
#include <cstdint>

#include "axi_memory.h"
#include "counts.h"
#include "power_up.h"
#include "verilated.h"
#include "waveform.h"

namespace {

enum Outcome { DONE = 0, SILENT = 1 };

constexpr int ANSWER_CYCLES = 1000;  // in which a register access is answered

struct Engine {
    PowerUp context;
    Vtop top{&context, ""};  // waveforms begin with the design, not with "TOP"
    AxiMemory axi;
    Waveform waveform;
    Counts counts;

    Engine(Memory& memory, const char* wave_path, const char* counts_path)
        : context(memory.seed), axi(top, memory), waveform(context, top, wave_path), counts(context, counts_path) {
        reset();
    }

    void settle() {  // what depends combinationally on the inputs
        axi.drive();
        waveform.fall(top);
        axi.observe();
    }
    void edge() {
        top.clk = 1;
        top.eval();
    }
    void reset() {
        top.s_axil_awvalid = top.s_axil_wvalid = top.s_axil_bready = 0;
        top.s_axil_arvalid = top.s_axil_rready = 0;
        top.rst = 1;
        waveform.fall(top), edge();
        top.rst = 0;
        axi.reset();
    }
};

}  // namespace

extern "C" {

// The memory's seed also draws what registers hold at power-up. Paths: of waveform and counts; null for none.
void* engine_open(Memory* memory, const char* wave_path, const char* counts_path) {
    return new Engine(*memory, wave_path, counts_path);
}
// Leaves earlier cycles out of the waveform, but for the reset.
void engine_record_from(void* engine, uint64_t cycle) { static_cast<Engine*>(engine)->waveform.begin_at(cycle); }
void engine_close(void* engine) { delete static_cast<Engine*>(engine); }
void engine_reset(void* engine) { static_cast<Engine*>(engine)->reset(); }
void engine_reseed(void* engine) { static_cast<Engine*>(engine)->axi.reseed(); }

int engine_write(void* engine, uint32_t offset, uint32_t value, uint32_t* response) {
    Engine& e = *static_cast<Engine*>(engine);
    Vtop& top = e.top;
    top.s_axil_awaddr = offset;
    top.s_axil_wdata = value;
    top.s_axil_wstrb = 0xF;
    top.s_axil_awvalid = top.s_axil_wvalid = top.s_axil_bready = 1;
    for (int n = 0; n < ANSWER_CYCLES; n++) {
        e.settle();
        const bool address = top.s_axil_awready, data = top.s_axil_wready, answered = top.s_axil_bvalid;
        *response = top.s_axil_bresp;
        e.edge();
        if (address) top.s_axil_awvalid = 0;
        if (data) top.s_axil_wvalid = 0;
        if (answered) return top.s_axil_bready = 0, DONE;
    }
    return SILENT;
}

int engine_read(void* engine, uint32_t offset, uint32_t* value) {
    Engine& e = *static_cast<Engine*>(engine);
    Vtop& top = e.top;
    top.s_axil_araddr = offset;
    top.s_axil_arvalid = top.s_axil_rready = 1;
    for (int n = 0; n < ANSWER_CYCLES; n++) {
        e.settle();
        const bool address = top.s_axil_arready, answered = top.s_axil_rvalid;
        *value = top.s_axil_rdata;
        e.edge();
        if (address) top.s_axil_arvalid = 0;
        if (answered) return top.s_axil_rready = 0, DONE;
    }
    return SILENT;
}

// Lets cycles pass, until the interrupt where asked to; whether it is high.
int engine_run(void* engine, uint64_t cycles, int until_interrupt) {
    Engine& e = *static_cast<Engine*>(engine);
    while (cycles-- && !(until_interrupt && e.top.irq)) {
        e.settle();
        e.edge();
    }
    return e.top.irq;
}

}  // extern "C"
