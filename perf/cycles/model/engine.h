// hw/gemm/engine.py and datapath.py: everything of an engine, a cycle at a time.

#pragma once

#include <memory>

#include "counters.h"
#include "jobs.h"
#include "operand_fetch.h"
#include "result_dispatch.h"
#include "row_path.h"
#include "tile_sequencer.h"
#include "unpacker.h"

class Engine {
  public:
    const Sizes sizes;
    Clock clock;
    Counters counters;
    Supervisor supervisor;
    ListFetch lists;

    explicit Engine(const Sizes& given)
        : sizes(given), supervisor(clock, sizes), lists(clock, sizes), memory(clock, sizes),
          reader(clock, sizes, memory), writer(clock, sizes, memory), beats(clock),
          descriptors(clock, sizes.queue_depth), check(clock, sizes), fetch(clock, sizes), unpacker(clock, sizes),
          loop(clock, sizes), sequencer(clock, sizes), dispatch(clock, sizes), order(clock), rows(clock, sizes) {
        for (int64_t n = 0; n < sizes.arrays; n++) paths.push_back(std::make_unique<ResultPath>(clock, sizes));
    }

    // Registers that software reads.
    bool full() { return !descriptors.ready() || lists.fetching(); }
    bool interrupt() const { return raised; }
    int64_t pending = 0, enabled = 0;  // INTERRUPT_STATUS and INTERRUPT_ENABLE
    int64_t cleared = 0;               // events that are cleared in this cycle
    bool clears_counters = false;
    const Job* doorbell = nullptr;     // a job that is queued in this cycle
    bool list_doorbell = false;

    // A soft reset of an engine without jobs; whether it is one.
    bool reset() {
        if (supervisor.busy()) return false;
        supervisor.submitted = supervisor.done = supervisor.lists_done = 0;
        check.reset();
        return true;
    }
    // What happens until `clock.now` is the next cycle.
    void step() {
        memory.drive();
        const bool sent = look();
        const int64_t arrays = sizes.arrays;
        const ReadCommand read = choose_read();
        const bool read_taken = reader.ready() && reading != NOTHING;
        const int64_t writes = choose_write();
        const bool beat_taken = writes >= 0 && beats.ready();
        WriteBeat beat{};
        if (writes == ROWS) beat = rows.beat().value, beat.turn = ROW_TURN;
        else if (writes >= 0) beat = paths[size_t(writes)]->beat().value;

        Activity activity = now();
        // To memory.
        const bool line = beat_taken && beat.more == 0;
        const bool left = writer.step(beats.valid, beats.value, line ? beat.turn : -1);
        beats.step(left, writes >= 0, beat);
        if (beat_taken) locked = beat.more ? writes : -1;

        // Passes.
        bool room[MOST_ARRAYS];
        for (int64_t n = 0; n < arrays; n++) room[n] = paths[size_t(n)]->grid.room;
        const bool released[2] = {take(sequencer.a_released), take(sequencer.b_released)};
        sequencer.step(loop, room);
        if (sequencer.ends) {
            counters.single += sequencer.tile.single, counters.doubled += sequencer.tile.doubled;
            counters.quadruple += sequencer.tile.quadruple;
        }

        // Results.
        const int64_t array = dispatch.array();
        const TileCommand command = array >= 0 ? dispatch.command(loop.results) : TileCommand{};
        const bool command_taken = array >= 0 && paths[size_t(array)]->takes_command();
        bool carried_out = true;
        for (int64_t n = 0; n < arrays; n++) {
            ResultPath& path = *paths[size_t(n)];
            carried_out &= path.carried_out;
            const bool comes = reader.beat && reader.tag.target == n;
            path.step(dispatch.job, dispatch.turn, dispatch.writing, n == array ? &command : nullptr,
                      read_taken && reading == n, beat_taken && writes == n, n < sequencer.starts, n < sequencer.ends,
                      comes, reader.last);
        }

        // Tiles and jobs.
        const bool begins = fetch.offers() && loop.ready();
        const Job* const begun = begins ? &fetch.offered() : nullptr;
        const bool job_done = dispatch.job_done || order.row_done();
        activity.job_begins = begins;
        dispatch.step(loop.results, begun, command_taken, carried_out, sent);
        const bool loaded[2] = {take(unpacker.tiles(0)), take(unpacker.tiles(1))};
        loop.step(begun, loaded);
        unpacker.step(reader);
        const Job* const given = supervisor.gives() ? &check.job() : nullptr;
        const bool by_rows = given && given->reorder;
        const bool starts = given && (by_rows ? rows.takes(*given) : fetch.ready());
        const bool product_starts = starts && !by_rows;
        fetch.step(product_starts ? given : nullptr, read_taken && reading == OPERANDS, begins, released);
        if (sizes.reorder_columns) {
            const bool comes = reader.beat && reader.tag.target == ROWS;
            order.step(starts, by_rows, job_done, rows.ends);
            rows.step(by_rows ? given : nullptr, starts && by_rows, read_taken && reading == ROWS,
                      beat_taken && writes == ROWS, comes, reader.last);
        }
        queue_descriptors(starts, job_done, read_taken && reading == LISTS);

        // Reads, and what memory sees of it all.
        const int64_t burst = reader.step(read_taken ? &read : nullptr);
        memory.observe(burst, writer.address, writer.beats, writer.data);
        if (clears_counters) counters.clear();
        counters.add(activity, 1);
        if (memory.read) counters.bytes_read += sizes.beat_bytes;
        counters.bytes_written += writer.written;
        interrupts(job_done);
        last_activity = activity;
        clock.now++;
    }
    // Passes over cycles in which nothing changes but counters, `most` of them at most.
    int64_t skip(int64_t most) {
        if (clock.now <= clock.awake || most <= 0) return 0;
        Cycle next = std::min({memory.next(), sequencer.next(), unpacker.tiles(0).next(), unpacker.tiles(1).next()});
        next = std::min({next, check.next(), rows.next()});
        for (auto& path : paths) next = std::min(next, path->next());
        const int64_t skipped = std::min(most, next == NEVER ? most : next - clock.now);
        if (skipped <= 0) return 0;
        counters.add(last_activity, skipped);
        clock.now += skipped;
        return skipped;
    }

  private:
    static constexpr int64_t NOTHING = -1, OPERANDS = 100, LISTS = 101, ROWS = 102, ROW_TURN = 2, MOST_ARRAYS = 16;

    Memory memory;
    ReadMaster reader;
    WriteMaster writer;
    SkidBuffer<WriteBeat> beats;
    Queue<Job> descriptors;
    DescriptorCheck check;
    OperandFetch fetch;
    Unpacker unpacker;
    TileLoop loop;
    TileSequencer sequencer;
    ResultDispatch dispatch;
    JobOrder order;
    RowPath rows;
    std::vector<std::unique_ptr<ResultPath>> paths;
    Activity last_activity{};
    int64_t reading = NOTHING, locked = -1;
    bool raised = false;

    // What is found of the registers before anything steps; whether all paths' lines have left.
    bool look() {
        bool sent = true;
        for (auto& path : paths) {
            path->look(dispatch.turn, dispatch.writing);
            sent &= path->idle;
        }
        const bool has_rows = sizes.reorder_columns;
        dispatch.look(writer.ended, !has_rows || order.product_first());
        if (has_rows) rows.look(writer.ended[ROW_TURN]);
        loop.look();
        return sent;
    }
    Activity now() {
        const bool comes = sequencer.passing || sequencer.busy();
        return {supervisor.busy(), sequencer.passing, loop.active || comes, !comes && loop.starved,
                !paths[0]->grid.room, false};
    }
    // The arbiter in front of the read master: paths of products first, then lists, operands, rows.
    ReadCommand choose_read() {
        for (size_t n = 0; n < paths.size(); n++)
            if (paths[n]->asks()) {
                ReadCommand command = paths[n]->request(dispatch.job);
                command.target = reading = int64_t(n);
                return command;
            }
        if (lists.asks()) return reading = LISTS, lists.request(LISTS);
        if (fetch.command.valid) return reading = OPERANDS, fetch.command.value;
        if (sizes.reorder_columns && rows.asks()) {
            ReadCommand command = rows.request();
            command.target = reading = ROWS;
            return command;
        }
        reading = NOTHING;
        return {};
    }
    // The arbiter of lines: the first path that has a beat, or the one whose line goes on.
    int64_t choose_write() {
        for (size_t n = 0; n < paths.size(); n++)
            if (paths[n]->beat().valid && (locked < 0 || locked == int64_t(n))) return int64_t(n);
        if (sizes.reorder_columns && rows.beat().valid && (locked < 0 || locked == ROWS)) return ROWS;
        return -1;
    }
    void queue_descriptors(bool starts, bool job_done, bool list_sent) {
        const bool offered = check.ready() && descriptors.valid();
        const bool room = descriptors.ready();
        const bool from_list = lists.gives() && room;
        Job next, of_list;
        if (offered) next = descriptors.front();
        if (from_list) of_list = lists.job();
        supervisor.step(check, starts, from_list || doorbell, job_done, list_doorbell);
        check.step(offered ? &next : nullptr, starts);
        if (offered) descriptors.pop();
        if (from_list) descriptors.push(of_list);
        if (doorbell) descriptors.push(*doorbell);
        const bool beat = reader.beat && reader.tag.target == LISTS && reader.last;
        lists.step(list_doorbell, list_sent, beat, from_list);
        list_doorbell = false, doorbell = nullptr;
    }
    void interrupts(bool job_done) {
        const int64_t events = int64_t(job_done) | int64_t(supervisor.list_done) << 2;
        const bool raises = pending & enabled;
        if (events || cleared || raises != raised) clock.touch();
        raised = raises;
        pending = (pending & ~cleared) | events;
        cleared = 0;
        clears_counters = false;
    }
    static bool take(Delay<char>& delay) { return delay.due() && (delay.take(), true); }
};
