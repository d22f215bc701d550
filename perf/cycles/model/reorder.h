// hw/gemm/reorder/reorder.py: rows of blocks in another order, and row_division.py: one over each row's divisor.

#pragma once

#include "clock.h"
#include "sizes.h"

class Reorder {
  public:
    explicit Reorder(Clock& clock) : clock(clock) {}

    bool ready() const { return !full[half_in]; }
    bool valid() const { return shown; }
    bool last() const { return shown_last; }
    // `turns`: cycles that each of a row's blocks takes, none for one each; `loads`: a block of the permutation comes.
    void step(const int32_t* turns, int64_t blocks, bool loads, bool taken, bool given, bool given_last) {
        const bool advance = !shown || taken;
        const bool served = active && left == 1;
        bool readies[2], completes[2];
        for (int n = 0; n < 2; n++) {
            completes[n] = given && given_last && half_in == n;
            readies[n] = waiting[n] || completes[n];
        }
        const bool take = advance && ahead && readies[half_out] && (!active || served);
        const bool next_row = take && ahead_last, fetch = advance && (!ahead || take);
        for (int n = 0; n < 2; n++) {
            if (advance && served && block_last && half == n) full[n] = false;
            waiting[n] = readies[n] && !(next_row && half_out == n);
            if (completes[n]) full[n] = true;
        }
        if (given || loads || taken || take || fetch || (advance && (active || complete || shown))) clock.touch();
        if (advance) {
            shown = complete, shown_last = complete_last;
            complete = served, complete_last = block_last;
            if (active && !served) left--;
            if (served) active = false;
        }
        if (take) active = true, left = turns ? turns[ahead_block] : 1, block_last = ahead_last, half = half_out;
        if (fetch) {
            ahead = true, ahead_block = block, ahead_last = block == blocks - 1;
            block = ahead_last ? 0 : block + 1;
        }
        if (loads) ahead = false, block = 0;
        half_out ^= int(next_row);
        half_in ^= int(given && given_last);
    }

  private:
    Clock& clock;
    bool full[2] = {false, false}, waiting[2] = {false, false};
    int half_in = 0, half_out = 0, half = 0;
    int64_t block = 0, ahead_block = 0, left = 0;
    bool ahead = false, ahead_last = false, active = false, block_last = false;
    bool complete = false, complete_last = false, shown = false, shown_last = false;
};

class RowDivision {
  public:
    RowDivision(Clock& clock, const Sizes& sizes)
        : clock(clock), divisors(clock, sizes.divisors), inverses(clock, sizes.divisors),
          pipe(clock, int(sizes.product_stages)), cycles(sizes.reciprocal) {}

    bool takes_divisor() { return divisors.ready(); }
    bool ready() { return pipe.ready() && inverses.valid(); }
    bool valid() const { return pipe.valid(); }
    char& front() { return pipe.front(); }
    // `divisor`: one comes; `given`: a part of a row, `row_ends` its last.
    void step(bool taken, bool divisor, bool given, bool row_ends) {
        const bool moves = full && done <= clock.now && inverses.ready();
        if (given && row_ends) inverses.pop();
        if (moves) inverses.push(0);
        if (!full && divisors.valid()) {
            divisors.pop();
            full = true, done = clock.now + cycles;
        } else if (moves) {
            full = false;
        }
        if (divisor) divisors.push(0);
        pipe.step(taken, given, 0);
    }
    Cycle next() const { return full && done >= clock.now ? done : NEVER; }

  private:
    Clock& clock;
    Queue<char> divisors, inverses;
    Pipeline<char> pipe;
    Cycle cycles, done = 0;
    bool full = false;
};
