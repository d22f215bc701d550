// hw/gemm/results/result_dispatch.py: each array's share of the results, and the turns of jobs.

#pragma once

#include "result_path.h"
#include "tile_loop.h"

class ResultDispatch {
  public:
    Job job{};  // whose commands are given
    int64_t turn = 0, writing = 0;
    bool job_done = false;  // found by look()

    ResultDispatch(Clock& clock, const Sizes& sizes) : clock(clock), sizes(sizes), jobs(clock, sizes.most_beside + 1) {}

    void look(const bool* ended, bool may_end) { job_done = writing != ending && ended[ending] && may_end; }
    // The array for which a command is offered, or -1.
    int64_t array() const { return state == COMMAND ? number : -1; }
    TileCommand command(Queue<Results>& results) const {
        const Results& r = results.front();
        const int64_t row = r.row + number * sizes.rows, left = r.rows - number * sizes.rows;
        return {row, r.column_block, std::min(left, sizes.rows), r.columns, r.first, r.last, r.begins, r.ends};
    }
    // `begins`: a job that the tile loop takes; `taken`: the command was; of all paths `carried_out`, of lines `sent`.
    void step(Queue<Results>& results, const Job* begins, bool taken, bool carried_out, bool sent) {
        const int64_t ends_as = job_done ? writing : ending, written = turn;
        switch (state) {
        case IDLE:
            if (!results.valid()) break;
            clock.touch();
            number = 0, state = COMMAND;
            if (results.front().job_first) job = jobs.front(), jobs.pop();
            break;
        case COMMAND:
            if (!taken) break;
            clock.touch();
            if (++number * sizes.rows < results.front().rows) break;
            state = results.front().job_last ? END : IDLE;
            results.pop();
            break;
        case END:
            if (!carried_out || turn != ending) break;
            clock.touch();
            turn ^= 1, state = IDLE;
        }
        if (written != writing && sent) writing = written, clock.touch();
        if (job_done) ending = ends_as, clock.touch();
        if (begins) jobs.push(*begins);
    }

  private:
    enum State { IDLE, COMMAND, END };
    Clock& clock;
    const Sizes& sizes;
    Queue<Job> jobs;
    State state = IDLE;
    int64_t number = 0, ending = 0;
};
