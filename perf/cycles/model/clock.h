// Time, and what carries transfers through it: queues, skid buffers, pipelines, delays.
//
// A unit's step() is its clock edge. Units downstream step before those upstream, so that a step finds what
// is offered to it as registers had it when the cycle began, and tells how much of it was taken.

#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

using Cycle = int64_t;
constexpr Cycle NEVER = std::numeric_limits<Cycle>::max();

// The cycle, and until when something may go on that no Delay tells of: cycles behind that are passed over.
struct Clock {
    static constexpr Cycle SHORT = 6;  // more registers in a row than any signal passes through by itself

    Cycle now = 0, awake = 0;

    void touch() { awake = now + SHORT; }
};

// What was put in, in order.
template <class T>
class Ring {
  public:
    bool empty() const { return count == 0; }
    size_t size() const { return count; }
    T& front() { return entries[head]; }
    T& back() { return entries[(head + count - 1) & (entries.size() - 1)]; }
    void push(const T& value) {
        if (count == entries.size()) grow();
        entries[(head + count++) & (entries.size() - 1)] = value;
    }
    void pop() { head = (head + 1) & (entries.size() - 1), count--; }

  private:
    std::vector<T> entries = std::vector<T>(8);
    size_t head = 0, count = 0;

    void grow() {
        std::rotate(entries.begin(), entries.begin() + long(head), entries.end());
        head = 0;
        entries.resize(2 * entries.size());
    }
};

// hw.target.delay: what was put in comes out so many cycles later.
template <class T>
class Delay {
  public:
    Delay(Clock& clock, Cycle cycles) : clock(clock), cycles(cycles) {}
    void push(const T& value) { entries.push({value, clock.now + cycles}); }
    bool due() { return !entries.empty() && entries.front().when == clock.now; }
    T& front() { return entries.front().value; }
    T take() {
        T value = entries.front().value;
        entries.pop();
        clock.touch();
        return value;
    }
    Cycle next() { return entries.empty() ? NEVER : entries.front().when; }

  private:
    struct Entry {
        T value;
        Cycle when;
    };
    Clock& clock;
    Cycle cycles;
    Ring<Entry> entries;
};

// hw.stream.queue: one put in and one taken per cycle at most. Handshakes are those of the cycle's beginning.
template <class T>
class Queue {
  public:
    Queue(Clock& clock, int64_t depth, bool registered = false)
        : clock(clock), depth(depth), latency(registered ? 2 : 1) {}
    bool valid() { return !entries.empty() && entries.front().when + latency <= clock.now; }
    T& front() { return entries.front().value; }
    int64_t level() { return int64_t(entries.size()) + (popped == clock.now) - (pushed == clock.now); }
    bool ready() {
        if (latency == 1) return level() < depth;
        const bool shown = popped == clock.now || valid();  // in the output's register
        return level() - shown < depth - 1;
    }
    void pop() { entries.pop(), popped = clock.now, clock.touch(); }
    void push(const T& value) { entries.push({value, clock.now}), pushed = clock.now, clock.touch(); }

  private:
    struct Entry {
        T value;
        Cycle when;
    };
    Clock& clock;
    int64_t depth;
    Cycle latency, popped = -1, pushed = -1;
    Ring<Entry> entries;
};

// hw.stream.skid_buffer.
template <class T>
struct SkidBuffer {
    Clock& clock;
    bool valid = false, full = false;
    T value{}, spare{};

    explicit SkidBuffer(Clock& clock) : clock(clock) {}
    bool ready() const { return !full; }
    void step(bool taken, bool given, const T& input) {
        if (!valid && !given) return;
        const bool was_full = full;
        if (!valid || taken) {
            valid = full || given;
            if (valid) value = full ? spare : input;
            full = false;
            clock.touch();
        } else if (given) {
            full = true;
            if (!was_full) clock.touch();
        }
        if (!was_full && given) spare = input;
    }
};

// hw.stream.pipeline: registers with a second one at their end.
template <class T>
class Pipeline {
  public:
    Pipeline(Clock& clock, int stages) : clock(clock), stages(stages) {}
    bool ready() const { return !waiting; }
    bool valid() const { return occupied >> (stages - 1) & 1; }
    T& front() { return items.front(); }
    void step(bool taken, bool given, const T& input) {
        if (!occupied && !given && !waiting) return;
        const bool before = occupied >> (stages - 2) & 1, stalled = valid() && !taken;
        const uint64_t top = uint64_t(1) << (stages - 1);
        uint64_t after = occupied;
        if (!waiting) after = (occupied & top) | ((occupied << 1 | uint64_t(given)) & (top - 1));
        if (!stalled) after = (after & ~top) | (before || waiting ? top : 0);
        const bool waits = stalled && (before || waiting);
        if (taken) items.pop();
        if (given) items.push(input);
        if (after != occupied || waits != waiting || taken || given) clock.touch();
        occupied = after, waiting = waits;
    }

  private:
    Clock& clock;
    int stages;
    uint64_t occupied = 0;
    bool waiting = false;
    Ring<T> items;
};

// hw.stream.memory_read: both stages of block memories. The reader puts in what it reads when `reads()`.
template <class T>
struct MemoryRead {
    Clock& clock;
    bool under_way = false, valid = false;
    T value{}, coming{};

    explicit MemoryRead(Clock& clock) : clock(clock) {}
    bool goes_on(bool taken) const { return !under_way || !valid || taken; }  // also whether one is read, if there
    void step(bool taken, bool there, const T& input) {
        if (!under_way && !valid && !there) return;
        const bool output = !valid || taken, read = !under_way || output;
        if (output) value = coming;
        const bool moved = output && (valid != under_way || taken);
        if (output) valid = under_way;
        if (read) {
            if (there) coming = input;
            if (under_way != there || there) clock.touch();
            under_way = there;
        }
        if (moved) clock.touch();
    }
};

// hw.stream.ring_reader, with the ring: `coming` is a cycle before the write.
class RingReader {
  public:
    RingReader(Clock& clock, int64_t depth, int compared) : clock(clock), depth(depth) {
        int bits = 0;
        while (int64_t(1) << bits < depth) bits++;
        compared = std::min(compared, bits);
        shift = bits - compared, half = int64_t(1) << (compared - 1);
    }
    bool valid() const { return shown; }
    bool filling() const {
        const int64_t used = (write_address % depth >> shift) - (read_address % depth >> shift);
        return used & half;
    }
    void step(bool coming, bool taken) {
        const bool advance = !(accessed && shown) || taken, none = unread == 0;
        const bool read = !none && advance, access = !none || !advance, output = accessed || (shown && !taken);
        if (coming || written || read || taken || access != accessed || output != shown) clock.touch();
        if (write_address != next_write) clock.touch();
        unread += int64_t(written) - int64_t(read);
        written = coming, accessed = access, shown = output;
        write_address = next_write;
        next_write += coming, read_address += read;
    }

  private:
    Clock& clock;
    int64_t depth, half, unread = 0, next_write = 0, write_address = 0, read_address = 0;
    int shift;
    bool written = false, accessed = false, shown = false;
};

// hw.stream.free_pipeline: registers that never stop, `cycles` from what is put in to `coming`, and a ring.
template <class T>
class FreePipeline {
  public:
    FreePipeline(Clock& clock, Cycle cycles, int64_t depth, int compared)
        : clock(clock), coming(clock, cycles), ring(clock, depth, compared) {}
    bool ready() const { return takes; }
    bool valid() const { return ring.valid(); }
    T& front() { return items.front(); }
    void step(bool taken, bool given, const T& input) {
        const bool filling = ring.filling(), comes = coming.due();
        if (comes) coming.take();
        ring.step(comes, taken);
        if (taken) items.pop();
        if (given) items.push(input), coming.push(0), clock.touch();
        if (takes == filling) clock.touch();
        takes = !filling;
    }
    Cycle next() { return coming.next(); }

  private:
    Clock& clock;
    Delay<char> coming;
    RingReader ring;
    Ring<T> items;
    bool takes = true;
};
