// hw/gemm/reorder/reorder_path.py and row_jobs.py, with job_order.py: row jobs, beside products.

#pragma once

#include "reorder.h"
#include "row_buffer.h"
#include "row_collector.h"

// Jobs that end in any order, told of in the order in which they were started.
class JobOrder {
  public:
    explicit JobOrder(Clock& clock) : clock(clock) {}
    bool product_first() { return !jobs.empty() && !jobs.front(); }
    bool row_done() { return !jobs.empty() && jobs.front() && ended; }
    void step(bool started, bool row, bool done, bool row_ends) {
        if (started || done || row_ends) clock.touch();
        const bool of_row = row_done();
        if (done) jobs.pop();
        if (started) jobs.push(row);
        ended += int64_t(row_ends) - int64_t(of_row);
    }

  private:
    Clock& clock;
    Ring<char> jobs;
    int64_t ended = 0;
};

class RowPath {
  public:
    bool ends = false;  // a row job's lines are in memory; found by look()

    RowPath(Clock& clock, const Sizes& sizes)
        : clock(clock), sizes(sizes), fragments(clock, sizes.reads_of_rows, 1), reorder(clock), division(clock, sizes), buffer(clock, sizes), norm(clock, sizes),
          format(clock, sizes, sizes.functions), collector(clock, sizes, 1), parts(sizes.block_size / sizes.words) {}

    void look(bool in_memory) { ends = under_way && state == IDLE && in_memory; }
    // Whether `given`, a row job, is taken.
    bool takes(const Job& given) const {
        return !under_way && (state == IDLE ? !given.permute : state == CHECK && job.permute);
    }
    bool asks() const {
        const bool wanted = (state == TABLE && job.permute && !asked) || (state == VECTORS && vectors_left) ||
                            (state == ROWS && row != job.m);
        return wanted && fragments.has_room();
    }
    ReadCommand request() const {
        const bool last = asked_block == last_asked();
        const int64_t columns = state == ROWS ? job.n + job.divide : job.n, rest = columns % sizes.block_size;
        const int64_t count = last && rest ? rest : sizes.block_size;
        const int64_t size = state == TABLE ? 2 : state == VECTORS ? 4 : element();
        const int64_t vector = job.bias_address + (job.bias + job.gate - vectors_left) * 4 * job.n;
        const int64_t start = state == TABLE ? job.b_address : state == VECTORS ? vector : job.a_address + row * job.a_pitch;
        return {start + asked_block * size * sizes.block_size, count * size, 0, 0, -1};
    }
    const MemoryRead<WriteBeat>& beat() const { return collector.beat; }

    // `given`: a row job that is offered; `started`: it is taken; the rest as of ResultPath.
    void step(const Job* given, bool started, bool sent, bool beat_sent, bool beat_comes, bool beat_last) {
        if (state == IDLE && !given && !under_way && !fragments.valid()) {
            step_sender(beat_sent);
            return;
        }
        const bool written = sent_rows == job.m && blocks_under_way == 0 && collector.idle(0, 0);
        // Blocks leave.
        const bool offers_fragment = format.valid();
        const Fragment fragment = offers_fragment ? format.front() : Fragment{};
        const bool fragment_taken = collector.step(beat_sent, 0, 0, offers_fragment, fragment);
        const bool room = format.ready(), divides = job.divide;
        const bool normalizes = job.norm;
        const bool offers = divides ? division.valid() : normalizes ? norm.valid() : reorder.valid();
        const bool passes = offers && room;
        const bool part_taken = normalizes ? passes : reorder.valid() && (divides ? division.ready() : room);
        const bool last_part = part == parts - 1, block_sent = part_taken && last_part;
        Part to{};
        if (part_taken) to = place();
        if (divides && part_taken) divided.push(to);
        if (divides && passes) to = divided.front(), divided.pop();
        format.step(job.d_format, fragment_taken, passes ? &to : nullptr);

        // Blocks arrive.
        const int64_t last_block = last_of(job.n), last_source = last_of(job.n + job.divide);
        const bool loading = state == TABLE, moving = state == ROWS, there = fragments.valid();
        const bool vector = state == VECTORS && there && norm.load();
        const bool last = block == (loading ? last_block : last_source);
        const bool has_elements = block <= last_block, has_divisor = divides && last;
        const bool takes_rows = normalizes ? buffer.ready() : reorder.ready();
        const bool takes = (takes_rows || !has_elements) && (division.takes_divisor() || !has_divisor);
        const bool table = loading && (!job.permute || there), rows = moving && there && takes;
        const bool row_ends = part_taken && last_part && sent_block == 0;  // place() has gone on to the next row
        if (sizes.functions) division.step(divides && passes, rows && has_divisor, divides && part_taken, row_ends);
        if (normalizes) norm.step(buffer.factors, passes, reorder.valid(), reorder.last());
        const bool goes_on = reorder.ready(), from_buffer = normalizes && buffer.valid();
        const bool comes = rows && has_elements, row_last = block == last_block;
        reorder.step(job.permute ? reinterpret_cast<const int32_t*>(job.turns) : nullptr, last_block + 1, table,
                     normalizes ? norm.takes : block_sent, normalizes ? from_buffer : comes,
                     normalizes ? from_buffer && buffer.last() : row_last);
        if (normalizes) buffer.step(last_block + 1, job, comes, row_last, goes_on);
        const bool taken = table || rows || vector;
        if (taken) block = last ? 0 : block + 1;
        request_sent(sent);
        fragments.step((loading && job.permute && there) || rows || vector, sent, beat_comes, beat_last);
        blocks_under_way += int64_t(block_sent) - int64_t(fragment_taken && fragment.last);
        change_state(given, started, table && last, vector && last && --loading_left == 0, written);
        if (taken || block_sent || (state == VECTORS && there) || fragment_taken || passes) clock.touch();
    }
    Cycle next() { return std::min({format.next(), division.next(), buffer.next(), norm.next()}); }

  private:
    enum State { IDLE, TABLE, CHECK, VECTORS, ROWS };

    Clock& clock;
    const Sizes& sizes;
    FragmentReader fragments;
    Reorder reorder;
    RowDivision division;
    RowBuffer buffer;
    RowNorm norm;
    ResultFormat format;
    RowCollector collector;
    Ring<Part> divided;
    int64_t parts;
    State state = IDLE;
    Job job{};
    bool under_way = false, asked = false;
    int64_t asked_block = 0, row = 0, block = 0, part = 0, sent_block = 0, sent_rows = 0, sent_at = 0, blocks_under_way = 0;
    int64_t vectors_left = 0, loading_left = 0;  // of a norm, to ask for and to load

    int64_t last_of(int64_t columns) const { return (columns - 1) / sizes.block_size; }
    int64_t last_asked() const { return last_of(state == ROWS ? job.n + job.divide : job.n); }
    int64_t element() const { return job.a_format == sizes.bfloat16 ? 2 : 4; }
    void step_sender(bool beat_sent) { collector.step(beat_sent, 0, 0, false, Fragment{}); }
    void request_sent(bool sent) {
        if (!sent) return;
        clock.touch();
        const bool last = asked_block == last_asked();
        asked_block = last ? 0 : asked_block + 1;
        if (last && state == TABLE) asked = true;
        if (last && state == VECTORS) vectors_left--;
        if (last && state == ROWS) row++;
    }
    // The part that is taken, with its block's place.
    Part place() {
        const bool last = sent_block == last_of(job.n), last_part = part == parts - 1;
        const int64_t rest = job.n % sizes.block_size, columns = last && rest ? rest : sizes.block_size;
        const bool nine = sent_block < job.d_mx9_blocks;
        const int64_t unit = sizes.format_bytes[job.d_format] * (sizes.block_size / sizes.unit_elements[job.d_format]);
        Part made{};
        made.number = part;
        made.columns = std::clamp(columns - part * sizes.words, int64_t(0), sizes.words);
        made.final = columns <= (part + 1) * sizes.words;
        made.mx9 = nine;
        made.place = {job.d_address + sent_rows * job.d_pitch + sent_at, 0, 0, sent_block == 0, last, true};
        part = last_part ? 0 : part + 1;
        if (!last_part) return made;
        sent_at = last ? 0 : sent_at + (nine ? sizes.mx9_bytes : unit);
        sent_block = last ? 0 : sent_block + 1;
        sent_rows += last;
        return made;
    }
    void change_state(const Job* given, bool started, bool table_there, bool loaded, bool written) {
        const State before = state;
        switch (state) {
        case IDLE:
            asked = false, asked_block = row = sent_rows = sent_at = 0;
            if (given && !under_way) {
                job = *given, state = TABLE;
                vectors_left = loading_left = job.bias + job.gate;
            }
            break;
        case TABLE:
            if (table_there) state = CHECK;
            break;
        case CHECK: state = job.bias || job.gate ? VECTORS : ROWS; break;
        case VECTORS:
            if (loaded) state = ROWS;
            break;
        case ROWS:
            if (written) state = IDLE;
        }
        if (ends) under_way = false;
        if (started) under_way = true;
        if (state != before || ends || started) clock.touch();
    }
};
