// hw/gemm/reorder/row_buffer.py: rows that wait until it is known what normalizes them.

#pragma once

#include "clock.h"
#include "sizes.h"

// hw/functions/row_maximum.py, or row_sums.py, variance.py and row_factors.py: what normalizes a row, one after the
// other. How many bits the last two go through depends on a row's values: the model takes numbers in their middle.
class RowStatistics {
  public:
    RowStatistics(Clock& clock, const Sizes& sizes)
        : clock(clock), sizes(sizes), maximum(clock, sizes.maximum_stages - 1), sums(clock, sizes.sum_stages - 1) {}

    // Whether a row's last beat is taken.
    bool ready() const { return !ended; }
    // `last`: a row's last beat is taken; whether its factors leave, if they may.
    bool step(const Job& job, bool last, bool may_leave) {
        bool leaves = false;
        if (job.exponential) {
            leaves = shown && may_leave;
            if (leaves) ended = shown = false;
            if (maximum.due()) maximum.take(), shown = true;
            if (last) ended = true, maximum.push(0);
        } else {
            leaves = factoring && factors_done <= clock.now && may_leave;
            const bool passes = varying && variance_done <= clock.now && !factoring;
            const bool taken = summing && sums_taken == clock.now;
            if (leaves) factoring = false;
            if (passes) {
                varying = false, factoring = true;
                factors_done = clock.now + sizes.factor_cycles + job.factor_cycles;
            }
            if (!varying && !passes && shown && !summing) {
                varying = summing = true;
                sums_taken = clock.now + sizes.variance_holds, variance_done = clock.now + sizes.variance_cycles + job.variance_cycles;
            }
            if (taken) ended = shown = summing = false;
            if (sums.due()) sums.take(), shown = true;
            if (last) ended = true, sums.push(0);
            if (leaves || passes || taken) clock.touch();
        }
        if (leaves || last || shown) clock.touch();
        return leaves;
    }
    Cycle next() {
        Cycle when = std::min(maximum.next(), sums.next());
        if (summing && sums_taken >= clock.now) when = std::min(when, sums_taken);
        if (varying && variance_done >= clock.now) when = std::min(when, variance_done);
        if (factoring && factors_done >= clock.now) when = std::min(when, factors_done);
        return when;
    }

  private:
    Clock& clock;
    const Sizes& sizes;
    Delay<char> maximum, sums;
    bool ended = false, shown = false, summing = false, varying = false, factoring = false;
    Cycle sums_taken = 0, variance_done = 0, factors_done = 0;
};

class RowBuffer {
  public:
    Queue<char> factors;

    RowBuffer(Clock& clock, const Sizes& sizes)
        : factors(clock, sizes.buffer_rows), clock(clock), sizes(sizes), largest(clock, sizes.buffer_rows),
          statistics(clock, sizes), found(clock, sizes.exponent_stages), read(clock, sizes.memory_latency),
          summed(clock, sizes.memory_latency), slices(sizes.block_size / sizes.statistic_lanes) {}

    bool ready() const { return takes; }
    bool valid() { return read.due(); }
    bool last() { return read.front(); }
    // Rows of `blocks`; `given`: a block comes; `goes_on`: whether what comes next would take one.
    void step(int64_t blocks, const Job& job, bool given, bool given_last, bool goes_on) {
        const bool room = used < sizes.buffer_depth - sizes.buffer_late && rows < sizes.buffer_rows - sizes.buffer_late;
        const bool leaves = read.due(), leaves_last = leaves && read.take();

        // The sums.
        const bool begins = largest.valid() && !busy, reads = reading && phase == 0;
        const bool slice_last = left == 1 && block_last, slice = left && (!slice_last || statistics.ready());
        const bool came = statistics.step(job, slice && slice_last, factors.ready());
        if (came) factors.push(0);
        if (slice) left--;
        if (summed.due()) block_last = summed.take(), left = slices;
        phase = reading ? (phase + 1) % slices : 0;
        if (begins || reading || slice || came || leaves || given || room != takes) clock.touch();
        if (begins) largest.pop(), busy = reading = true;
        if (reads) {
            const bool ends = ++at == blocks;
            summed.push(ends);
            if (ends) at = 0, reading = false;
        }
        if (slice && slice_last) busy = false;

        // Rows whose factors came go on, where the sums leave the memory.
        const bool starts = known != 0 && !going && goes_on, goes = going_reads && !reads;
        const bool ends = goes && gone == blocks - 1;
        if (goes) read.push(ends), gone = ends ? 0 : gone + 1;
        if (starts || goes || going_reads) clock.touch();
        known += int64_t(came) - int64_t(starts);
        if (starts) going = going_reads = true;
        if (ends) going_reads = false;
        if (leaves_last) going = false;

        if (found.due()) found.take(), largest.push(0);
        if (given && given_last) found.push(0);
        takes = room;
        used += int64_t(given) - int64_t(goes);
        rows += int64_t(given && given_last) - int64_t(ends);
    }
    Cycle next() { return std::min({found.next(), read.next(), summed.next(), statistics.next()}); }

  private:
    Clock& clock;
    const Sizes& sizes;
    Queue<char> largest;
    RowStatistics statistics;
    Delay<char> found, read, summed;
    int64_t slices, used = 0, rows = 0, phase = 0, at = 0, left = 0, known = 0, gone = 0;
    bool takes = false, busy = false, reading = false, block_last = false, going = false, going_reads = false;
};

// hw/gemm/reorder/row_norm.py: blocks normalized, part by part, and the vectors of a norm.
class RowNorm {
  public:
    bool takes = false;  // the block, found by step()

    RowNorm(Clock& clock, const Sizes& sizes)
        : pipe(clock, sizes.normalize_stages - 1, sizes.normalize_depth, int(sizes.free_compared)),
          slices(sizes.block_size / sizes.norm_lanes), of_part(sizes.words / sizes.norm_lanes) {}

    bool valid() { return pipe.valid() && pipe.front(); }
    void step(Queue<char>& factors, bool taken, bool given, bool row_last) {
        const bool last = slice == slices - 1, takes_slice = given && factors.valid() && pipe.ready();
        const bool part_ends = slice % of_part == of_part - 1;
        pipe.step(pipe.valid() && (!pipe.front() || taken), takes_slice, part_ends);
        takes = takes_slice && last;
        if (takes_slice) slice = last ? 0 : slice + 1;
        if (takes && row_last) factors.pop();
    }
    // A block of a vector is there: whether it is taken, slice by slice.
    bool load() {
        const bool last = vector_slice == slices - 1;
        vector_slice = last ? 0 : vector_slice + 1;
        return last;
    }
    Cycle next() { return pipe.next(); }

  private:
    FreePipeline<char> pipe;
    int64_t slices, of_part, slice = 0, vector_slice = 0;
};
