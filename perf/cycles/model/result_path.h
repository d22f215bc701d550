// hw/gemm/results/result_path.py, with tile_address.py and row_places.py: one array's results.

#pragma once

#include "accumulation.h"
#include "epilogue.h"
#include "row_collector.h"
#include "tile_rows.h"

// One chunk of a tile of 16 columns for one array.
struct TileCommand {
    int64_t row, column_block, rows, columns;
    bool first, last, begins, ends;
};

struct WrittenTile {
    int64_t address, last_row, columns;
    bool begins, ends, mx9;
};

class ResultPath {
  public:
    DrainedGrid grid;
    bool carried_out = true, idle = true;  // found by look()

    ResultPath(Clock& clock, const Sizes& sizes)
        : grid(clock, sizes), clock(clock), sizes(sizes), rows(clock, sizes), accumulation(clock, sizes),
          addends(clock, sizes), epilogue(clock, sizes), format(clock, sizes), collector(clock, sizes, sizes.rows),
          written(clock, sizes.path_commands, true), placed_parts(clock), parts(sizes.block_size / sizes.words) {}

    // What others see of the registers, before anything steps.
    void look(int64_t turn, int64_t writing) {
        carried_out = commands == 0 && !written.valid() && !placed_parts.valid && collector.placed();
        idle = (carried_out || turn != writing) && collector.idle(turn, writing);
    }
    bool takes_command() const { return stage == 2; }
    bool asks() { return sizes.functions ? epilogue.reader.asks() : addends.asks(); }
    ReadCommand request(const Job& job) {
        return sizes.functions ? epilogue.reader.request(job) : addends.request(job);
    }
    const MemoryRead<WriteBeat>& beat() const { return collector.beat; }

    // `command`: one that is offered; `sent`: the read was taken; `beat_sent`: the line's beat was.
    void step(const Job& job, int64_t turn, int64_t writing, const TileCommand* command, bool sent, bool beat_sent,
              bool starts, bool ends, bool beat, bool beat_last) {
        const bool offers = accumulation.valid(rows.valid());
        const bool takes_part = placed_parts.ready() && written.valid();
        const bool passes = takes_part && (sizes.functions ? epilogue.valid(job) : offers);
        const bool beat_there = grid.valid();

        const bool offers_fragment = format.valid();
        const Fragment fragment = offers_fragment ? format.front() : Fragment{};
        const bool fragment_taken = collector.step(beat_sent, turn, writing, offers_fragment, fragment);
        Part part{};
        const bool goes_on = placed_parts.valid && format.ready();
        format.step(job.d_format, fragment_taken, goes_on ? &placed_parts.value : nullptr);
        if (passes) part = place(job);
        placed_parts.step(goes_on, passes, part);
        bool kept;
        if (sizes.functions) {
            epilogue.step(job, passes, offers, sent, beat, beat_last);
            kept = accumulation.step(epilogue.takes, rows.valid(), false, false, false);
        } else {
            kept = accumulation.step(passes, rows.valid(), addends.valid(), job.bias, job.accumulate);
            addends.step(job, accumulation.takes_addend, sent, beat, beat_last);
        }
        const bool row_taken = rows.step(accumulation.takes_results, beat_there, grid.last());
        grid.step(starts, ends, row_taken);

        const bool taken = command && stage == 2;
        address(job, command);
        commands += int64_t(taken) - int64_t(was_kept) - int64_t(was_left);
        const bool left = fragment_taken && fragment.last;
        if (taken || was_kept || was_left || kept || left) clock.touch();
        was_kept = kept, was_left = left;
    }
    Cycle next() { return std::min({grid.next(), format.next(), epilogue.next()}); }

  private:
    Clock& clock;
    const Sizes& sizes;
    TileRows rows;
    Accumulation accumulation;
    AddendReader addends;  // without functions
    Epilogue epilogue;     // with them
    ResultFormat format;
    RowCollector collector;
    Queue<WrittenTile> written;
    SkidBuffer<Part> placed_parts;
    int64_t parts, part_number = 0, row_number = 0, commands = 0;
    bool was_kept = false, was_left = false;
    // TileAddress, and what it gives.
    int64_t stage = 0;
    TileCommand placed{};
    bool queues_ready = false;

    // RowPlaces: where a part goes.
    Part place(const Job& job) {
        const WrittenTile& tile = written.front();
        const bool last_row = row_number == tile.last_row, row_ends = part_number == parts - 1;
        const int64_t before = part_number * sizes.words;
        Part part{};
        part.number = part_number;
        part.columns = std::clamp(tile.columns - before, int64_t(0), sizes.words);
        part.final = tile.columns <= before + sizes.words;
        part.mx9 = tile.mx9;
        part.place = {tile.address + row_number * job.d_pitch, 0, row_number, tile.begins, tile.ends, last_row};
        part_number = row_ends ? 0 : part_number + 1;
        if (row_ends) row_number = last_row ? 0 : row_number + 1;
        if (row_ends && last_row) written.pop();
        return part;
    }
    // TileAddress, a stage per cycle.
    void address(const Job& job, const TileCommand* command) {
        Queue<AddendTile>& added = sizes.functions ? epilogue.reader.tile : addends.tile;
        const bool ready = queues_ready;
        queues_ready = rows.size.ready() && accumulation.tile.ready() && added.ready() && written.ready() &&
                       epilogue.checked.ready();
        if (stage == 3 ? ready : stage || command) clock.touch();
        if (ready != queues_ready) clock.touch();
        switch (stage) {
        case 0: stage = command != nullptr; break;
        case 1: stage = 2; break;
        case 2: placed = *command, stage = 3; break;
        case 3:
            if (ready) distribute(job, added), stage = 0;
        }
    }
    void distribute(const Job& job, Queue<AddendTile>& added) {
        const TileCommand& c = placed;
        const bool addends_too = job.bias || job.accumulate, read = addends_too || job.scale || job.gate;
        const bool plain = c.first && (sizes.functions || !(c.last && addends_too));
        const bool nine = c.column_block < job.d_mx9_blocks;
        const int64_t leading = std::min(c.column_block, job.d_mx9_blocks), format = job.d_format;
        const int64_t unit = sizes.format_bytes[format] * (sizes.block_size / sizes.unit_elements[format]);
        const int64_t excess = sizes.unit_elements[format] == 1 ? 0 : leading * (sizes.mx9_bytes - sizes.format_bytes[format]);
        const int64_t at = job.d_address + c.row * job.d_pitch + c.column_block * unit + excess;
        rows.size.push({(c.columns - 1) / sizes.cols, c.rows});
        if (c.last && read) {
            const int64_t offset = c.column_block * sizes.line_bytes, vectors = job.scale + job.bias;
            const int64_t gates = job.bias_address + vectors * 4 * job.n + (job.gate_by_row ? 4 * c.row : offset);
            added.push({job.bias_address + offset, gates, at, c.rows - 1, c.columns});
        }
        if (c.last && job.function == sizes.exp2) epilogue.checked.push(c.rows * parts);
        accumulation.tile.push({c.rows - 1, c.first, c.last, plain});
        if (c.last) written.push({at, c.rows - 1, c.columns, c.begins, c.ends, nine});
    }
};
