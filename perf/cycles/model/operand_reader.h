// hw/gemm/operands/operand_reader.py, operand_walker.py and chunk_counter.py: what to read of one operand.

#pragma once

#include "read_master.h"

// The chunks of K, and how many of an operand's blocks in one are MX9 ahead of the others.
struct Chunk {
    int64_t blocks, leading;
};
inline int64_t chunks_of(const Sizes& s, int64_t k_blocks) { return (k_blocks + s.k_blocks - 1) / s.k_blocks; }
inline Chunk chunk_of(const Sizes& s, int64_t k_blocks, int64_t leading, int64_t chunk) {
    const int64_t before = chunk * s.k_blocks, blocks = std::min(s.k_blocks, k_blocks - before);
    return {blocks, std::clamp(leading - before, int64_t(0), blocks)};
}
// Bytes of so many blocks of a row; a block of MXINT8 counts as two, the first of which has the exponent.
inline int64_t bytes_of(const Sizes& s, int64_t format, const Chunk& chunk) {
    if (format == s.mxint8)
        return chunk.blocks / 2 * s.format_bytes[format] + (chunk.blocks % 2 ? s.half_bytes : 0);
    return chunk.leading * s.mx9_bytes + (chunk.blocks - chunk.leading) * s.format_bytes[format];
}

struct ReaderJob {
    int64_t address, pitch, rows, leading, format, k_blocks;
    int64_t stationary, other_rows, stride, group, resident;
};

class OperandReader {
  public:
    bool met = false;  // in this cycle, found by step()

    OperandReader(Clock& clock, const Sizes& sizes, int64_t side)
        : clock(clock), sizes(sizes), side(side), slots(side ? sizes.b_slots : sizes.a_slots),
          lanes(side ? sizes.cols : sizes.rows * sizes.arrays), tiles(side ? sizes.b_tiles : 1),
          other(side ? sizes.rows * sizes.arrays : sizes.block_size), slots_left(slots) {}

    bool takes(const ReaderJob& given) const {
        return state == IDLE && (given.stride == stride || all_free);
    }
    bool valid() const { return state == ROWS; }
    ReadCommand command() const {
        const int64_t address = job.address + row * job.pitch + offset;
        return {address, bytes, -1, side, tile_ends() ? flagged(address) : -1};
    }
    // `given`: the job that is taken in this cycle, or none; `taken`: the command is; `released`: a slot is free.
    void step(const ReaderJob* given, bool taken, bool released) {
        const bool was_free = slots_left == slots << stride;
        int64_t takes_slot = 0;
        met = false;
        if (state != IDLE && !(state == ROWS && !taken) && !(state == TILE && waits())) clock.touch();
        switch (state) {
        case IDLE:
            if (given) job = *given, state = BEGIN, clock.touch();
            break;
        case BEGIN: first_v = true, other_left = job.other_rows, state = START; break;
        case START: row = marked = 0, choose(0), state = CHUNK; break;
        case CHUNK:
            row = marked;
            tiles_left = (job.stationary ? job.group : 1) * tiles;
            state = TILE;
            break;
        case TILE:
            lane = 0;
            if (row >= job.rows || tiles_left == 0) state = CHUNK_END;
            else if (slots_left) takes_slot = 1, state = ROWS;
            break;
        case ROWS:
            if (!taken) break;
            if (tile_ends()) tiles_left--, state = TILE;
            row++, lane++;
            break;
        case CHUNK_END: end_chunk(); break;
        }
        if (takes_slot || released || all_free != was_free) clock.touch();
        slots_left += int64_t(released) - takes_slot;
        all_free = was_free;
        if (given && given->stride != stride) stride = given->stride, slots_left = slots << stride;
    }

  private:
    enum State { IDLE, BEGIN, START, CHUNK, TILE, ROWS, CHUNK_END };

    Clock& clock;
    const Sizes& sizes;
    int64_t side, slots, lanes, tiles, other;
    ReaderJob job{};
    State state = IDLE;
    int64_t row = 0, marked = 0, lane = 0, chunk = 0, offset = 0, bytes = 0, tiles_left = 0, other_left = 0;
    int64_t stride = 0, slots_left;
    bool first_v = false, all_free = true;

    bool waits() const { return row < job.rows && tiles_left && !slots_left; }
    bool tile_ends() const { return row == job.rows - 1 || lane == lanes - 1; }
    void choose(int64_t number) {
        offset = number ? offset + bytes : 0;
        chunk = number;
        bytes = bytes_of(sizes, job.format, chunk_of(sizes, job.k_blocks, job.leading, chunk));
    }
    void end_chunk() {
        const int64_t step = (job.stationary ? 1 : job.group) * other;
        const bool other_last = (job.stationary && job.resident) || other_left <= step, more = row < job.rows;
        met = job.stationary || first_v || !job.resident;
        state = CHUNK;
        if (chunk + 1 < chunks_of(sizes, job.k_blocks)) return choose(chunk + 1);
        choose(0);
        if (job.stationary) {
            other_left = other_last ? job.other_rows : other_left - step;
            if (other_last) marked = row;
            if (other_last && !more) state = IDLE;
            return;
        }
        first_v = !more;
        marked = row;
        if (!more) other_left -= step, state = other_last ? IDLE : START;
    }
    // The beat in which the chunk's last block starts.
    int64_t flagged(int64_t address) const {
        Chunk before = chunk_of(sizes, job.k_blocks, job.leading, chunk);
        before.blocks--, before.leading = std::min(before.leading, before.blocks);
        return (address % sizes.beat_bytes + bytes_of(sizes, job.format, before)) / sizes.beat_bytes;
    }
};
