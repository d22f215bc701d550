// hw/gemm/results/epilogue_reader.py: scale, bias, gate and old rows of D, slice by slice.

#pragma once

#include "addend_reader.h"

// hw/gemm/results/repeated_vector.py: a vector given again for each row of a tile; two are held.
class RepeatedVector {
  public:
    RepeatedVector(Clock& clock, int64_t slices) : clock(clock), slices(slices) {}
    bool ready() const { return !full[into]; }
    bool valid() const { return full[out_of]; }
    void step(bool taken, bool given, bool last, int64_t last_row) {
        if (!taken && !given) return;
        clock.touch();
        if (given) {
            rows[into] = last_row + 1;
            if (last) full[into] = true, into ^= 1;
        }
        if (taken && ++place == slices * rows[out_of]) place = 0, full[out_of] = false, out_of ^= 1;
    }

  private:
    Clock& clock;
    int64_t slices, place = 0, rows[2] = {0, 0};
    bool full[2] = {false, false};
    int into = 0, out_of = 0;
};

class EpilogueReader {
  public:
    Queue<AddendTile> tile;
    RepeatedVector scale, bias, gate;

    EpilogueReader(Clock& clock, const Sizes& sizes)
        : tile(clock, sizes.path_commands, true), scale(clock, sizes.block_size / sizes.epilogue_lanes),
          bias(clock, sizes.block_size / sizes.epilogue_lanes), gate(clock, sizes.block_size / sizes.epilogue_lanes),
          clock(clock), sizes(sizes), width(std::min(sizes.words, 2 * sizes.epilogue_lanes)),
          fragments(clock, sizes.fragments, sizes.block_size / sizes.words), kinds(clock, sizes.kinds),
          queue(clock, sizes.old_depth, int(sizes.old_compared)) {}

    bool old_valid() const { return queue.valid(); }
    bool asks() { return tile.valid() && fragments.has_room() && kinds.ready(); }
    ReadCommand request(const Job& job) {
        const AddendTile& now = tile.front();
        const int kind = kind_of(job);
        int64_t start = kind == OLD ? now.address : kind == GATE ? now.gate_address : now.bias_address;
        if (kind == BIAS && job.scale) start += job.n * 4;
        start += number * (kind == OLD ? job.d_pitch : sizes.line_bytes);
        int64_t elements = now.columns;
        if (kind == GATE && job.gate_by_row)
            elements = number == last_gates() ? now.last_row % sizes.block_size + 1 : sizes.block_size;
        return {start, 4 * elements, 0, 0, -1};
    }
    // What is taken of scale, bias, gate and old D; whether the request was sent; what came.
    void step(const Job& job, const bool taken[3], bool old_taken, bool sent, bool beat, bool beat_last) {
        const int64_t slices = sizes.block_size / width, of_part = sizes.words / width;
        const bool there = fragments.valid() && kinds.valid();
        const Kind kind = there ? kinds.front() : Kind{};
        RepeatedVector* const vectors[] = {&scale, &bias, &gate};
        const bool gives = there && (kind.kind == OLD ? takes_old : vectors[kind.kind]->ready());
        const bool last_slice = place == slices - 1, part_ends = slice == of_part - 1;
        for (int n = SCALE; n < OLD; n++)
            vectors[n]->step(taken[n], gives && kind.kind == n, kind.last && last_slice, kind.last_row);
        const bool filling = queue.filling();
        const bool one_more = old_taken && ++old_slice == width / sizes.epilogue_lanes;
        if (one_more) old_slice = 0;
        queue.step(gives && kind.kind == OLD, one_more);
        if (takes_old == filling || old_taken) clock.touch();
        takes_old = !filling;
        if (gives) {
            clock.touch();
            place = last_slice ? 0 : place + 1, slice = part_ends ? 0 : slice + 1;
            if (last_slice) kinds.pop();
        }
        if (sent) ask(job);
        fragments.step(gives && part_ends, sent, beat, beat_last);
    }

  private:
    enum { SCALE, BIAS, GATE, OLD };
    struct Kind {
        int kind;
        bool last;
        int64_t last_row;
    };
    Clock& clock;
    const Sizes& sizes;
    int64_t width;
    FragmentReader fragments;
    Queue<Kind> kinds;
    RingReader queue;
    int64_t number = 0, place = 0, slice = 0, old_slice = 0;
    unsigned done = 0;
    bool takes_old = false;

    int64_t last_gates() { return tile.front().last_row / sizes.block_size; }
    unsigned left(const Job& job) const {
        const unsigned all = unsigned(job.scale) | unsigned(job.bias) << 1 | unsigned(job.gate) << 2 | unsigned(job.accumulate) << 3;
        return all & ~done;
    }
    int kind_of(const Job& job) const {
        int kind = SCALE;
        while (kind < OLD && !(left(job) >> kind & 1)) kind++;
        return kind;
    }
    void ask(const Job& job) {
        const AddendTile now = tile.front();
        const int kind = kind_of(job);
        const bool more = (kind == OLD && number != now.last_row) ||
                          (kind == GATE && job.gate_by_row && number != last_gates());
        const bool final = !more && left(job) == 1u << kind;
        kinds.push({kind, !more, now.last_row});
        number = more ? number + 1 : 0;
        done = final ? 0 : more ? done : done | 1u << kind;
        if (final) tile.pop();
    }
};
