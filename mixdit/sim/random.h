// Chances from a seed: the same on every machine.

#pragma once

#include <cstdint>

class Random {  // xorshift64*
  public:
    explicit Random(uint64_t seed) : state((seed + 1) * 0x9E3779B97F4A7C15u | 1) {}
    bool chance(uint64_t probability) {  // of 65536
        if (!probability) return false;
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        return (state * 0x2545F4914F6CDD1Du >> 48) < probability;
    }

  private:
    uint64_t state;
};
