// The clock's fall in a Verilated model, recorded in a VCD file if the build can and is asked to.

#pragma once

#include <cstdint>

#include "Vtop.h"
#include "verilated.h"

#if VM_TRACE
#include "verilated_vcd_c.h"

class Waveform {
  public:
    // Records into the file `path`, or nothing where that is null.
    Waveform(VerilatedContext& context, Vtop& top, const char* path) {
        if (!path) return;
        context.traceEverOn(true);
        top.trace(&file, 99);
        file.open(path);
    }
    // Records nothing before the clock has fallen so often.
    void begin_at(uint64_t fall) { first = fall; }
    // Inputs that were set since the rise are recorded as if they had changed with it.
    void fall(Vtop& top) {
        falls++;
        dump(top);
        top.clk = 0;
        dump(top);
    }

  private:
    static constexpr uint64_t HALF_CYCLE_NS = 5;
    VerilatedVcdC file;
    uint64_t time = 0, falls = 0, first = 0;

    void dump(Vtop& top) {
        top.eval();
        if (!file.isOpen()) return;
        if (falls >= first) file.dump(time);
        time += HALF_CYCLE_NS;
    }
};

#else

struct Waveform {
    Waveform(VerilatedContext&, Vtop&, const char*) {}
    void begin_at(uint64_t) {}
    void fall(Vtop& top) {
        top.clk = 0;
        top.eval();
    }
};

#endif
