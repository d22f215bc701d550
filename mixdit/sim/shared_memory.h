// The memory behind a simulated engine, and how it answers: for C++ and C.

#pragma once

#include <stdint.h>

struct Memory {              // belongs to the caller; READ and WRITE index pairs
    uint8_t* data;           // [size]
    uint8_t* written;        // [size], 1 for every byte with a strobe
    uint64_t origin, size;   // address of the first byte, bytes
    uint64_t latency[2];     // cycles from AR to the first R, from the last W to B, 1 at least
    uint64_t outstanding;    // most bursts of each direction under way
    uint64_t bandwidth;      // beats of each direction per 65536 cycles
    uint64_t stall;          // probability * 65536 of a cycle in which a channel rests
    uint64_t seed;
    uint64_t fault_first[2], fault_beats[2], fault_response[2];  // beats of those below to be refused
    uint64_t bursts[2], beats[2], faults[2];  // results
    uint64_t fault_address[2];  // result: of the first beat refused by order (READ), or of its burst (WRITE)
    uint64_t cycles;         // result
    uint64_t violation, violation_address;  // result: the first one
};
