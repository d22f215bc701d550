// hw/gemm/results/epilogue.py, with affine_lanes.py and function_lanes.py: what becomes of sums.

#pragma once

#include "epilogue_reader.h"

// Parts times a factor, plus an addend; or as they are.
class AffineLanes {
  public:
    bool takes = false, takes_slice = false;  // the part at the input; a slice of it, with factor and addend

    AffineLanes(Clock& clock, const Sizes& sizes)
        : clock(clock), pipe(clock, int(sizes.affine_stages)), slices(sizes.words / sizes.epilogue_lanes) {}
    bool valid(bool active, bool given) { return active ? pipe.valid() && pipe.front() : given; }
    // `taken`: the part that is offered; `given`: one is at the input; `there`: what it needs is.
    void step(bool active, bool taken, bool given, bool there) {
        takes_slice = false, takes = taken;
        const bool leaves = active && pipe.valid() && (!pipe.front() || taken);
        const bool last = slice == slices - 1;
        if (active) {
            takes_slice = given && there && pipe.ready();
            takes = takes_slice && last;
        }
        pipe.step(leaves, takes_slice, last);
        if (takes_slice) slice = last ? 0 : slice + 1, clock.touch();
    }

  private:
    Clock& clock;
    Pipeline<char> pipe;
    int64_t slices, slice = 0;
};

// Parts slice by slice through the units of a function.
class Lanes {
  public:
    Lanes(Clock& clock, const Sizes& sizes, int64_t lanes, int64_t stages, int64_t depth)
        : pipe(clock, stages - 1, depth, int(sizes.free_compared)), slices(sizes.words / std::max(int64_t(1), lanes)) {}
    bool ready() const { return pipe.ready() && slice == slices - 1; }
    bool valid() { return pipe.valid() && pipe.front(); }
    void step(bool taken, bool given) {
        const bool last = slice == slices - 1, takes = given && pipe.ready();
        pipe.step(pipe.valid() && (!pipe.front() || taken), takes, last);
        if (takes) slice = last ? 0 : slice + 1;
    }
    Cycle next() { return pipe.next(); }

  private:
    FreePipeline<char> pipe;
    int64_t slices, slice = 0;
};

class Epilogue {
  public:
    EpilogueReader reader;
    Queue<int64_t> checked;  // parts of tiles of powers of two
    bool takes = false;      // the part at the input, found by step()

    Epilogue(Clock& clock, const Sizes& sizes)
        : reader(clock, sizes), checked(clock, sizes.path_commands, true), sizes(sizes), before(clock, sizes),
          exp2(clock, sizes, sizes.function_lanes, sizes.exp2_stages, sizes.exp2_depth),
          activation(clock, sizes, sizes.activation_lanes, sizes.activation_stages, sizes.activation_depth),
          between(clock), after(clock, sizes) {}

    bool valid(const Job& job) { return after.valid(job.gate || job.accumulate, between.valid); }
    // `taken`: the part that is offered; `given`: one is at the input; the others as of EpilogueReader.
    void step(const Job& job, bool taken, bool given, bool sent, bool beat, bool beat_last) {
        const bool first = job.scale || job.bias, second = job.gate || job.accumulate;
        const bool old = reader.old_valid(), gates = reader.gate.valid();
        after.step(second, taken, between.valid, (gates || !job.gate) && (old || !job.accumulate));

        Lanes* const lanes = job.function == sizes.none ? nullptr : job.function == sizes.exp2 ? &exp2 : &activation;
        const bool offers = before.valid(first, given), room = between.ready();
        const bool made = lanes ? lanes->valid() : offers;
        const bool passes = lanes ? offers && lanes->ready() : offers && room;
        between.step(after.takes, made, 0);
        if (made && room && job.function == sizes.exp2 && --parts_left() == 0) checked.pop(), counting = false;
        if (lanes) lanes->step(made && room, offers);
        else exp2.step(false, false), activation.step(false, false);
        before.step(first, passes, given, (reader.scale.valid() || !job.scale) && (reader.bias.valid() || !job.bias));
        takes = before.takes;
        const bool vectors[3] = {before.takes_slice && job.scale, before.takes_slice && job.bias,
                                 after.takes_slice && job.gate};
        reader.step(job, vectors, after.takes_slice && job.accumulate, sent, beat, beat_last);
    }
    Cycle next() { return std::min(exp2.next(), activation.next()); }

  private:
    const Sizes& sizes;
    AffineLanes before;
    Lanes exp2, activation;
    SkidBuffer<char> between;
    AffineLanes after;
    bool counting = false;
    int64_t left = 0;

    int64_t& parts_left() {
        if (!counting) counting = true, left = checked.front();
        return left;
    }
};
