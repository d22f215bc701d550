// Power-up: registers and memories hold anything until they are reset or written.

#pragma once

#include <cstdint>

#include "verilated.h"

// What a model made in this context begins with follows from `seed`.
struct PowerUp : VerilatedContext {
    explicit PowerUp(uint64_t seed) {
        randReset(2);
        randSeed(int(seed % 0x7FFFFFFF) + 1);
    }
};
