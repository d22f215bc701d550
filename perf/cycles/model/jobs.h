// hw/gemm/jobs/: descriptor_check.py, region.py, job_planner.py, supervisor.py and list_fetch.py.

#pragma once

#include "read_master.h"

// When a descriptor has become a job, and beside how many others it may run.
class DescriptorCheck {
  public:
    DescriptorCheck(Clock& clock, const Sizes& sizes) : clock(clock), sizes(sizes) {}
    // Forgets the jobs before.
    void reset() { before[0] = before[1] = Job{}; }
    bool ready() const { return !busy; }
    bool valid() const { return busy && answer <= clock.now; }
    const Job& job() const { return checked; }
    int64_t beside() const { return most; }
    void step(const Job* given, bool taken) {
        if (taken) {
            before[1] = before[0], before[0] = checked;
            busy = false;
            clock.touch();
        }
        if (!given) return;
        busy = true, checked = *given;
        answer = clock.now + latency();
        most = depends(0) ? 0 : depends(1) ? 1 : sizes.most_beside;
        clock.touch();
    }
    Cycle next() const { return busy && answer >= clock.now ? answer : NEVER; }

  private:
    static constexpr int64_t REGIONS = 4, D = 2;
    static constexpr Cycle MEASURED = 6, LOOKED = 3;  // states of RegionMeasure and of a comparison

    Clock& clock;
    const Sizes& sizes;
    Job checked{}, before[2] = {};
    bool busy = false;
    Cycle answer = 0;
    int64_t most = 0;

    // Whether one of the two is a row job, which compares what the one before reads, too.
    bool by_rows(int64_t n) const { return sizes.reorder_columns && bool(before[n].reorder) != bool(checked.reorder); }
    bool depends(int64_t n) const {
        bool found = false;
        for (const Region& region : checked.regions) found |= meet(region, before[n].regions[D]);
        if (by_rows(n))
            for (const Region& region : before[n].regions) found |= meet(region, checked.regions[D]);
        return found;
    }
    static bool meet(const Region& one, const Region& other) {
        return one.present && other.present && one.start <= other.last && other.start <= one.last;
    }
    int64_t bits_of(int64_t rows) const {
        int64_t value = (rows - 1) & ((int64_t(1) << sizes.dimension_bits) - 1), bits = 0;
        for (; value; value >>= 1) bits++;
        return bits;
    }
    // Cycles from a descriptor to its job.
    Cycle latency() const {
        const Job& j = checked;
        const int64_t rows[REGIONS] = {j.m, j.reorder ? 1 : j.n, j.m, j.vectors};
        Cycle measured = 0;
        for (int64_t of : rows) measured += MEASURED + bits_of(of);
        Cycle code = measured + 1 + REGIONS * LOOKED;
        if (by_rows(0) || by_rows(1)) code += 2 * REGIONS * LOOKED;
        return std::max(code, 2 + planned()) + 2;
    }
    // Of JobPlanner, from its start.
    Cycle planned() const {
        const int64_t tiles = sizes.stationary_tiles;
        int64_t left = checked.k_blocks, chunks = 1, groups = 0;
        while (left > sizes.k_blocks && chunks <= tiles) left -= sizes.k_blocks, chunks++;
        for (int64_t used = chunks; used <= tiles && chunks != 1; used += chunks) groups++;
        return 1 + chunks + groups + 1 + 2;
    }
};

// Jobs start when few enough are under way.
class Supervisor {
  public:
    int64_t submitted = 0, done = 0, lists = 0, lists_done = 0;
    bool list_done = false;  // in this cycle

    Supervisor(Clock& clock, const Sizes& sizes) : clock(clock), sizes(sizes) {}
    bool busy() const { return submitted != done || lists; }
    bool gives() const { return goes; }
    void step(DescriptorCheck& check, bool taken, bool submits, bool job_done, bool list_begun) {
        list_done = job_done && ends[0];
        const bool may = under_way == 0 || under_way <= check.beside();
        const bool waiting = check.valid() && !taken && may, ends_list = taken && check.job().ends_list;
        if (waiting != goes || taken || submits || job_done || list_begun) clock.touch();
        const int64_t place = under_way - int64_t(job_done);
        if (job_done)
            for (int n = 0; n < MOST; n++) ends[n] = n + 1 < MOST && ends[n + 1];
        if (ends_list) ends[place] = true;
        goes = waiting;
        under_way += int64_t(taken) - int64_t(job_done);
        submitted += submits, done += job_done, lists_done += list_done;
        lists += int64_t(list_begun) - int64_t(list_done);
    }

  private:
    static constexpr int MOST = 8;
    Clock& clock;
    const Sizes& sizes;
    int64_t under_way = 0;
    bool goes = false, ends[MOST] = {};
};

// Entries of a list, one asked for when the one before is queued.
class ListFetch {
  public:
    ListFetch(Clock& clock, const Sizes& sizes) : clock(clock), sizes(sizes) {}
    bool fetching() const { return state != IDLE; }
    void add(const Job& job) { entries.push(job); }
    bool asks() const { return state == ASK; }
    ReadCommand request(int64_t target) { return {entries.front().entry, sizes.entry_bytes, target, 0, -1}; }
    bool gives() const { return state == GIVE; }
    const Job& job() { return entries.front(); }
    void step(bool begins, bool sent, bool beat_last, bool taken) {
        if (state == LOOK || state == SETTLE || begins || sent || beat_last || taken) clock.touch();
        switch (state) {
        case IDLE:
            if (begins) state = LOOK;
            break;
        case LOOK: state = ASK; break;
        case ASK:
            if (sent) state = RECEIVE;
            break;
        case RECEIVE:
            if (beat_last) state = SETTLE;
            break;
        case SETTLE: state = GIVE; break;
        case GIVE:
            if (!taken) break;
            state = entries.front().ends_list ? IDLE : ASK;
            entries.pop();
        }
    }

  private:
    enum State { IDLE, LOOK, ASK, RECEIVE, SETTLE, GIVE };
    Clock& clock;
    const Sizes& sizes;
    State state = IDLE;
    Ring<Job> entries;
};
