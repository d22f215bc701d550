// hw/gemm/results/addend_reader.py: the bias row, then old rows of D.

#pragma once

#include "fragment_reader.h"

struct AddendTile {
    int64_t bias_address, gate_address, address, last_row, columns;
};

class AddendReader {
  public:
    Queue<AddendTile> tile;

    AddendReader(Clock& clock, const Sizes& sizes)
        : tile(clock, sizes.path_commands, true), fragments(clock, sizes.fragments, sizes.block_size / sizes.words) {}

    bool valid() const { return fragments.valid(); }
    bool asks() { return tile.valid() && fragments.has_room(); }
    ReadCommand request(const Job& job) {
        const AddendTile& now = tile.front();
        const int64_t address = of_bias(job) ? now.bias_address : now.address + row * job.d_pitch;
        return {address, 4 * now.columns, 0, 0, -1};
    }
    void step(const Job& job, bool taken, bool sent, bool beat, bool beat_last) {
        int64_t times = 0;
        if (sent) {
            const AddendTile now = tile.front();
            const bool bias = of_bias(job), final = bias ? !job.accumulate : row == now.last_row;
            times = bias ? now.last_row + 1 : 1;
            bias_given = !final;
            if (!bias) row = final ? 0 : row + 1;
            if (final) tile.pop();
        }
        fragments.step(taken, times, beat, beat_last);
    }

  private:
    FragmentReader fragments;
    bool bias_given = false;
    int64_t row = 0;

    bool of_bias(const Job& job) const { return job.bias && !bias_given; }
};
