// hw/gemm/tiles/tile_loop.py: the order of tiles, and what becomes of their results.

#pragma once

#include "operand_reader.h"

// What a tile is to the sequencer.
struct Tile {
    int64_t arrays;  // that have rows of it
    int64_t single, doubled, quadruple;  // passes of pairs of blocks by how many each takes
    bool release[2];

    int64_t passes() const { return single + doubled + quadruple; }
};

// What becomes of the results for 16 columns and one chunk.
struct Results {
    int64_t row, column_block, rows, columns;
    bool first, last, begins, ends, job_first, job_last;
};

class TileLoop {
  public:
    Queue<Tile> tiles;
    Queue<Results> results;
    bool active = false, starved = false;

    TileLoop(Clock& clock, const Sizes& sizes)
        : tiles(clock, sizes.tiles), results(clock, sizes.commands), clock(clock), sizes(sizes),
          a_lanes(sizes.rows * sizes.arrays) {}

    bool ready() const { return !active && !begin; }
    // Finds `starved`, before anything steps.
    void look() { starved = active && !operands_ready(); }
    void step(const Job* given, const bool loaded[2]) {
        const bool ready = operands_ready(), issue = active && settled && may_issue;
        const bool settles = !issue && !begin, may = ready && tiles.ready() && results.ready();
        if (settles != settled || may != may_issue || issue || begin || loaded[0] || loaded[1]) clock.touch();
        const bool needs[2] = {issue && needs_new(0), issue && needs_new(1)};
        if (issue) give();
        for (int side = 0; side < 2; side++) available[side] += int64_t(loaded[side]) - int64_t(needs[side]);
        settled = settles, may_issue = may;
        if (begin) start();
        begin = given;
        if (given) job = *given, clock.touch();
    }

  private:
    Clock& clock;
    const Sizes& sizes;
    int64_t a_lanes;
    Job job{};
    bool begin = false, settled = false, may_issue = false;
    int64_t available[2] = {0, 0};
    // Rows at which the group of S, V's tiles of 16 columns, and the next tiles begin; tiles within a chunk.
    int64_t s_first = 0, v_first = 0, s_number = 0, v_number = 0, chunk = 0;
    bool v_is_first = true, job_first = true;

    int64_t s_lanes() const { return job.keep_b ? sizes.cols : a_lanes; }
    int64_t v_lanes() const { return job.keep_b ? a_lanes : sizes.cols; }
    int64_t s_rows() const { return job.keep_b ? job.n : job.m; }
    int64_t v_rows() const { return job.keep_b ? job.m : job.n; }
    int64_t s_at() const { return s_first + s_number * s_lanes(); }
    int64_t v_at() const { return v_first + v_number * v_lanes(); }
    bool needs_new(int side) const {
        const bool is_s = bool(job.keep_b) == (side == 1);
        return is_s ? v_number == 0 && (v_is_first || !job.resident) : s_number == 0;
    }
    bool operands_ready() const {
        return (!needs_new(0) || available[0]) && (!needs_new(1) || available[1]);
    }
    void start() {
        active = true;
        s_first = v_first = s_number = v_number = chunk = 0;
        v_is_first = job_first = true;
    }
    // Gives the next tile, and goes on to the one behind it.
    void give() {
        const int64_t v_step = job.keep_b ? a_lanes : sizes.block_size;
        const int64_t group_tiles = job.group * (job.keep_b ? sizes.b_tiles : 1);
        const bool s_ends = s_at() + s_lanes() >= s_rows(), v_ends = v_at() + v_lanes() >= v_rows();
        const bool v_tile_last = v_number == (job.keep_b ? 0 : sizes.b_tiles - 1) || v_ends;
        const bool s_tile_last = s_ends || s_number == group_tiles - 1;
        const bool v_last = v_first + v_step >= v_rows();
        const bool chunk_last = chunk + 1 == chunks_of(sizes, job.k_blocks);
        const bool s_done = v_last || !job.resident;
        const Chunk a = chunk_of(sizes, job.k_blocks, job.a_leading, chunk);
        const Chunk b = chunk_of(sizes, job.k_blocks, job.b_leading, chunk);
        const int64_t at_a = job.keep_b ? v_at() : s_at(), at_b = job.keep_b ? s_at() : v_at();

        const int64_t a_nine = is_nine(job.a_format) ? a.blocks : a.leading;
        const int64_t b_nine = is_nine(job.b_format) ? b.blocks : b.leading;
        const int64_t both = std::min(a_nine, b_nine), one = std::max(a_nine, b_nine) - both;
        Tile tile{};
        tile.arrays = (std::min(a_lanes, job.m - at_a) + sizes.rows - 1) / sizes.rows;
        tile.single = a.blocks - both - one, tile.doubled = 2 * one, tile.quadruple = 4 * both;
        tile.release[bool(job.keep_b)] = v_tile_last && s_done;
        tile.release[!job.keep_b] = s_tile_last;
        tiles.push(tile);

        const bool block_begins = job.keep_b ? s_number % sizes.b_tiles == 0 : v_number == 0;
        if (block_begins) {
            const int64_t block = s_number / sizes.b_tiles, columns = job.n - at_b;
            const bool b_block_ends = columns <= sizes.block_size;
            const bool s_final = job.keep_b ? b_block_ends : s_ends;
            Results to{};
            to.row = at_a, to.column_block = at_b / sizes.block_size;
            to.rows = std::min(a_lanes, job.m - at_a), to.columns = std::min(sizes.block_size, columns);
            to.first = chunk == 0, to.last = chunk_last;
            to.begins = !job.keep_b || block == 0;
            to.ends = !job.keep_b || block == job.group - 1 || b_block_ends;
            to.job_first = job_first, to.job_last = v_last && s_final && chunk_last;
            results.push(to);
            job_first = false;
        }

        v_number = v_tile_last ? 0 : v_number + 1;
        if (!v_tile_last) return;
        const int64_t s_next = s_at() + s_lanes();
        s_number = s_tile_last ? 0 : s_number + 1;
        if (!s_tile_last) return;
        chunk = chunk_last ? 0 : chunk + 1;
        if (!chunk_last) return;
        v_is_first = v_last;
        v_first = v_last ? 0 : v_first + v_step;
        if (!v_last) return;
        s_first = s_next;
        if (s_ends) active = false;
    }
    bool is_nine(int64_t format) const { return format == sizes.mx9 || format == sizes.mxint8; }
};
