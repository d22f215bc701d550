// hw/gemm/operands/operand_fetch.py: which operand's rows are read next.

#pragma once

#include "operand_reader.h"

class OperandFetch {
  public:
    SkidBuffer<ReadCommand> command;

    OperandFetch(Clock& clock, const Sizes& sizes)
        : command(clock), clock(clock), a(clock, sizes, 0), b(clock, sizes, 1) {}

    bool ready() const { return !present; }
    // Whether the tile loop is offered a job.
    bool offers() const { return present && !taken[2]; }
    const Job& offered() const { return job; }
    // `given`: a job that is taken; `sent`: the read master took the command; `started`: the tile loop the job;
    // `released`: a slot of A, of B is free.
    void step(const Job* given, bool sent, bool started, const bool released[2]) {
        ReaderJob jobs[2];
        if (present) jobs[0] = side(0), jobs[1] = side(1);
        const bool begins[2] = {
            present && !taken[0] && a.takes(jobs[0]),
            present && !taken[1] && b.takes(jobs[1]),
        };
        const bool begun[2] = {taken[0], taken[1]};
        const bool b_chosen = b.valid() && (b_first || !a.valid()), any = a.valid() || b.valid();
        const bool passes = any && command.ready();
        ReadCommand chosen{};
        if (passes) chosen = b_chosen ? b.command() : a.command();
        a.step(begins[0] ? &jobs[0] : nullptr, passes && !b_chosen, released[0]);
        b.step(begins[1] ? &jobs[1] : nullptr, passes && b_chosen, released[1]);
        command.step(sent, passes, chosen);

        const bool first = begun[0] != begun[1] ? begun[0] : ahead < 0 || (ahead == 0 && b_moves);
        if (first != b_first || a.met || b.met) clock.touch();
        b_first = first;
        ahead += int64_t(b.met) - int64_t(a.met);
        if (begins[1]) b_moves = !job.keep_b;

        taken[0] |= begins[0], taken[1] |= begins[1], taken[2] |= started;
        if (begins[0] || begins[1] || started) clock.touch();
        if (taken[0] && taken[1] && taken[2]) present = taken[0] = taken[1] = taken[2] = false;
        if (given) present = true, job = *given, clock.touch();
    }

  private:
    Clock& clock;
    OperandReader a, b;
    Job job{};
    bool present = false, taken[3] = {false, false, false}, b_first = false, b_moves = false;
    int64_t ahead = 0;  // how much more often B was met than A

    ReaderJob side(int which) const {
        const Job& j = job;
        if (which == 0)
            return {j.a_address, j.a_pitch, j.m, j.a_leading, j.a_format, j.k_blocks,
                    !j.keep_b, j.n, j.stride, j.group, j.resident};
        return {j.b_address, j.b_pitch, j.n, j.b_leading, j.b_format, j.k_blocks,
                j.keep_b, j.m, j.stride, j.group, j.resident};
    }
};
