/* SPDX-License-Identifier: Apache-2.0
 *
 * Driver of mixdit_gemm: C99 or C++, no library, no allocation, no global state.
 *
 * Fill in struct mixdit_gemm, call mixdit_gemm_open, then queue products with mixdit_gemm_submit, or lists of
 * them with mixdit_gemm_submit_list, and wait for them with mixdit_gemm_wait. One thread at a time may use an
 * engine.
 */
#ifndef MIXDIT_GEMM_DRIVER_H
#define MIXDIT_GEMM_DRIVER_H

#include <stddef.h>
#include <stdint.h>

#include "mixdit_gemm.h"

/* Orders accesses to memory and to registers, as the engine sees them. Define it before this file where the
 * compiler's own barrier is not enough: `dsb sy` on ARM if the engine is outside the inner shareable domain. */
#ifndef MIXDIT_GEMM_BARRIER
#ifdef __GNUC__
#define MIXDIT_GEMM_BARRIER() __sync_synchronize()
#else
#error "define MIXDIT_GEMM_BARRIER(), a full memory barrier"
#endif
#endif

/* Reads of STATUS after which a reset counts as hung. */
#ifndef MIXDIT_GEMM_RESET_LOOKS
#define MIXDIT_GEMM_RESET_LOOKS 1000000u
#endif

/* A field of a register's word, and a word with nothing but this field: MIXDIT_GEMM_GET(word, ARRAY_ROWS). */
#define MIXDIT_GEMM_GET(word, field) (((word) & MIXDIT_GEMM_##field##_MASK) >> MIXDIT_GEMM_##field##_SHIFT)
#define MIXDIT_GEMM_PUT(value, field) \
    (((uint32_t)(value) << MIXDIT_GEMM_##field##_SHIFT) & MIXDIT_GEMM_##field##_MASK)

/* What functions return: 0, or why they did not do what they are for. */
enum mixdit_gemm_result {
    MIXDIT_GEMM_OK = 0,
    MIXDIT_GEMM_E_IDENTIFIER = -1, /* no engine is behind these registers */
    MIXDIT_GEMM_E_VERSION = -2,    /* an engine with other registers than mixdit_gemm.h */
    MIXDIT_GEMM_E_FULL = -3,       /* the queue is full, or a list is being fetched */
    MIXDIT_GEMM_E_STOPPED = -4,    /* an error stopped the engine: see mixdit_gemm_get_fault, mixdit_gemm_reset */
    MIXDIT_GEMM_E_TIMEOUT = -5     /* idle gave up, and a later wait or submit may succeed; or a reset hung */
};

/* An engine: how to reach its registers. */
struct mixdit_gemm {
    /* Accesses of 32 bits at a byte offset. Of memory-mapped registers: those of mixdit_gemm_map. */
    uint32_t (*read)(void *context, uint32_t offset);
    void (*write)(void *context, uint32_t offset, uint32_t value);
    /* Called while there is nothing to do but wait: may sleep until the interrupt. Nonzero ends the wait.
     * Null to look again and again, for ever. */
    int (*idle)(void *context);
    /* Passed to all three. */
    void *context;
};

/* Why an engine stopped. */
struct mixdit_gemm_fault {
    uint32_t code;    /* enum mixdit_gemm_error */
    uint64_t address; /* what memory refused, for codes from MIXDIT_GEMM_ERROR_READ_SLAVE_ERROR on; or the entry
                       * that may not lie there, for MIXDIT_GEMM_ERROR_LIST */
};

static inline uint32_t mixdit_gemm_read(const struct mixdit_gemm *engine, uint32_t offset)
{
    return engine->read(engine->context, offset);
}

static inline void mixdit_gemm_write(const struct mixdit_gemm *engine, uint32_t offset, uint32_t value)
{
    engine->write(engine->context, offset, value);
}

static inline uint32_t mixdit_gemm_mapped_read(void *base, uint32_t offset)
{
    return ((volatile uint32_t *)base)[offset / 4u];
}

static inline void mixdit_gemm_mapped_write(void *base, uint32_t offset, uint32_t value)
{
    ((volatile uint32_t *)base)[offset / 4u] = value;
}

/* Reach the registers through memory, mapped at `base` as device memory; waits look again and again. */
static inline void mixdit_gemm_map(struct mixdit_gemm *engine, void *base)
{
    engine->read = mixdit_gemm_mapped_read;
    engine->write = mixdit_gemm_mapped_write;
    engine->idle = NULL;
    engine->context = base;
}

/* What happened since the last call, MIXDIT_GEMM_INTERRUPT_STATUS_*_MASK: an interrupt handler's first call, which
 * takes the interrupt back. Results out of range stay, for mixdit_gemm_take_out_of_range. */
static inline uint32_t mixdit_gemm_take_events(const struct mixdit_gemm *engine)
{
    const uint32_t events =
        mixdit_gemm_read(engine, MIXDIT_GEMM_INTERRUPT_STATUS) & ~MIXDIT_GEMM_INTERRUPT_STATUS_RANGE_MASK;

    mixdit_gemm_write(engine, MIXDIT_GEMM_INTERRUPT_STATUS, events);
    return events;
}

/* Whether a result could not be held since the last call, or since a reset: 2^x was too large, say, so that a softmax
 * must be made with exponentials of rows, MIXDIT_GEMM_NORM_EXPONENTIAL. Wait for the jobs in question before. */
static inline int mixdit_gemm_take_out_of_range(const struct mixdit_gemm *engine)
{
    const uint32_t events =
        mixdit_gemm_read(engine, MIXDIT_GEMM_INTERRUPT_STATUS) & MIXDIT_GEMM_INTERRUPT_STATUS_RANGE_MASK;

    mixdit_gemm_write(engine, MIXDIT_GEMM_INTERRUPT_STATUS, events);
    return events != 0u;
}

/* A step of the waits below. Events are taken before the engine is looked at again, so none is missed. */
static inline int mixdit_gemm_pause(const struct mixdit_gemm *engine)
{
    if (engine->idle == NULL)
        return MIXDIT_GEMM_OK;
    if (engine->idle(engine->context) != 0)
        return MIXDIT_GEMM_E_TIMEOUT;
    (void)mixdit_gemm_take_events(engine);
    return MIXDIT_GEMM_OK;
}

/* Drop all jobs and errors; memory keeps what it holds. Jobs are numbered from 1 again.
 *
 * Takes until memory has answered what is under way, of which no interrupt tells. MIXDIT_GEMM_E_TIMEOUT: it
 * never does. */
static inline int mixdit_gemm_reset(const struct mixdit_gemm *engine)
{
    uint32_t looks = MIXDIT_GEMM_RESET_LOOKS;

    mixdit_gemm_write(engine, MIXDIT_GEMM_CONTROL, MIXDIT_GEMM_CONTROL_SOFT_RESET_MASK);
    while (MIXDIT_GEMM_GET(mixdit_gemm_read(engine, MIXDIT_GEMM_STATUS), STATUS_RESETTING) != 0u) {
        if (--looks == 0u)
            return MIXDIT_GEMM_E_TIMEOUT;
    }
    (void)mixdit_gemm_take_events(engine);
    (void)mixdit_gemm_take_out_of_range(engine);
    return MIXDIT_GEMM_OK;
}

/* Raise the interrupt when a job is done and when an error stops the engine, or never. */
static inline void mixdit_gemm_interrupts(const struct mixdit_gemm *engine, int on)
{
    mixdit_gemm_write(
        engine, MIXDIT_GEMM_INTERRUPT_ENABLE,
        on != 0 ? MIXDIT_GEMM_INTERRUPT_ENABLE_DONE_MASK | MIXDIT_GEMM_INTERRUPT_ENABLE_ERROR_MASK : 0u);
}

/* The same for lists: raise the interrupt when a list is done and when an error stops the engine, not for each
 * job. */
static inline void mixdit_gemm_list_interrupts(const struct mixdit_gemm *engine)
{
    mixdit_gemm_write(engine, MIXDIT_GEMM_INTERRUPT_ENABLE,
                      MIXDIT_GEMM_INTERRUPT_ENABLE_LIST_MASK | MIXDIT_GEMM_INTERRUPT_ENABLE_ERROR_MASK);
}

/* See that this is an engine that mixdit_gemm.h describes, and reset it. */
static inline int mixdit_gemm_open(const struct mixdit_gemm *engine)
{
    if (mixdit_gemm_read(engine, MIXDIT_GEMM_ID) != MIXDIT_GEMM_IDENTIFIER)
        return MIXDIT_GEMM_E_IDENTIFIER;
    if (MIXDIT_GEMM_GET(mixdit_gemm_read(engine, MIXDIT_GEMM_VERSION), VERSION_MAJOR) !=
        MIXDIT_GEMM_VERSION_MAJOR)
        return MIXDIT_GEMM_E_VERSION;
    return mixdit_gemm_reset(engine);
}

/* Queue a job if there is room. Its operands must be in memory, and stay until it is done.
 *
 * job: where to put its number, for mixdit_gemm_wait; may be null.
 * MIXDIT_GEMM_E_FULL and MIXDIT_GEMM_E_STOPPED: nothing was queued. */
static inline int mixdit_gemm_try_submit(const struct mixdit_gemm *engine,
                                         const struct mixdit_gemm_descriptor *descriptor, uint32_t *job)
{
    const uint32_t *words = (const uint32_t *)(const void *)descriptor;
    const uint32_t count = (uint32_t)(sizeof *descriptor / sizeof *words);
    const uint32_t status = mixdit_gemm_read(engine, MIXDIT_GEMM_STATUS);
    uint32_t n;

    if (MIXDIT_GEMM_GET(status, STATUS_ERROR) != 0u)
        return MIXDIT_GEMM_E_STOPPED;
    if (MIXDIT_GEMM_GET(status, STATUS_FULL) != 0u)
        return MIXDIT_GEMM_E_FULL;
    for (n = 0u; n < count; n++)
        mixdit_gemm_write(engine, MIXDIT_GEMM_OPERATION + 4u * n, words[n]);
    MIXDIT_GEMM_BARRIER(); /* operands are in memory before the engine reads them */
    mixdit_gemm_write(engine, MIXDIT_GEMM_DOORBELL, 1u);
    if (job != NULL)
        *job = mixdit_gemm_read(engine, MIXDIT_GEMM_JOBS_SUBMITTED);
    return MIXDIT_GEMM_OK;
}

/* The same, after a wait for room. */
static inline int mixdit_gemm_submit(const struct mixdit_gemm *engine,
                                     const struct mixdit_gemm_descriptor *descriptor, uint32_t *job)
{
    int result;

    while ((result = mixdit_gemm_try_submit(engine, descriptor, job)) == MIXDIT_GEMM_E_FULL) {
        if (mixdit_gemm_pause(engine) != MIXDIT_GEMM_OK)
            return MIXDIT_GEMM_E_TIMEOUT;
    }
    return result;
}

/* Make an entry of a list, in memory that the engine reads, from a job.
 *
 * next: address of the entry behind it, a multiple of 128; 0 ends the list. */
static inline void mixdit_gemm_link(struct mixdit_gemm_entry *entry,
                                    const struct mixdit_gemm_descriptor *descriptor, uint64_t next)
{
    uint32_t n;

    entry->descriptor = *descriptor;
    for (n = 0u; n < sizeof entry->reserved / sizeof entry->reserved[0]; n++)
        entry->reserved[n] = 0u;
    entry->next_low = (uint32_t)next;
    entry->next_high = (uint32_t)(next >> 32);
}

/* Queue all jobs of a list, unless one is being fetched. It stays as it is until all are done.
 *
 * address, jobs: of its first entry, and how many there are.
 * job: where to put the number of the last one, for mixdit_gemm_wait; may be null.
 * MIXDIT_GEMM_E_FULL and MIXDIT_GEMM_E_STOPPED: nothing was queued. */
static inline int mixdit_gemm_try_submit_list(const struct mixdit_gemm *engine, uint64_t address,
                                              uint32_t jobs, uint32_t *job)
{
    const uint32_t status = mixdit_gemm_read(engine, MIXDIT_GEMM_STATUS);

    if (MIXDIT_GEMM_GET(status, STATUS_ERROR) != 0u)
        return MIXDIT_GEMM_E_STOPPED;
    if (MIXDIT_GEMM_GET(status, STATUS_FETCHING) != 0u)
        return MIXDIT_GEMM_E_FULL;
    if (job != NULL)
        *job = mixdit_gemm_read(engine, MIXDIT_GEMM_JOBS_SUBMITTED) + jobs;
    mixdit_gemm_write(engine, MIXDIT_GEMM_LIST_ADDRESS_LOW, (uint32_t)address);
    mixdit_gemm_write(engine, MIXDIT_GEMM_LIST_ADDRESS_HIGH, (uint32_t)(address >> 32));
    MIXDIT_GEMM_BARRIER(); /* list and operands are in memory before the engine reads them */
    mixdit_gemm_write(engine, MIXDIT_GEMM_LIST_DOORBELL, 1u);
    return MIXDIT_GEMM_OK;
}

/* The same, after a wait for the list before to be fetched. */
static inline int mixdit_gemm_submit_list(const struct mixdit_gemm *engine, uint64_t address, uint32_t jobs,
                                          uint32_t *job)
{
    int result;

    while ((result = mixdit_gemm_try_submit_list(engine, address, jobs, job)) == MIXDIT_GEMM_E_FULL) {
        if (mixdit_gemm_pause(engine) != MIXDIT_GEMM_OK)
            return MIXDIT_GEMM_E_TIMEOUT;
    }
    return result;
}

/* Wait until a job and all before it are done: their D is in memory then.
 * MIXDIT_GEMM_E_STOPPED: an error stopped the engine before that, in this job or an earlier one. */
static inline int mixdit_gemm_wait(const struct mixdit_gemm *engine, uint32_t job)
{
    /* Numbers wrap around; a job that is not done is less than half the way ahead. */
    while ((uint32_t)(mixdit_gemm_read(engine, MIXDIT_GEMM_JOBS_DONE) - job) >= 0x80000000u) {
        if (MIXDIT_GEMM_GET(mixdit_gemm_read(engine, MIXDIT_GEMM_STATUS), STATUS_ERROR) != 0u)
            return MIXDIT_GEMM_E_STOPPED;
        if (mixdit_gemm_pause(engine) != MIXDIT_GEMM_OK)
            return MIXDIT_GEMM_E_TIMEOUT;
    }
    MIXDIT_GEMM_BARRIER(); /* results are not read ahead */
    return MIXDIT_GEMM_OK;
}

/* Why the engine stopped: code MIXDIT_GEMM_ERROR_NONE if it did not. */
static inline struct mixdit_gemm_fault mixdit_gemm_get_fault(const struct mixdit_gemm *engine)
{
    const uint32_t low = mixdit_gemm_read(engine, MIXDIT_GEMM_ERROR_ADDRESS_LOW);
    const uint32_t high = mixdit_gemm_read(engine, MIXDIT_GEMM_ERROR_ADDRESS_HIGH);
    struct mixdit_gemm_fault fault;

    fault.code = MIXDIT_GEMM_GET(mixdit_gemm_read(engine, MIXDIT_GEMM_ERROR_CODE), ERROR_CODE_CODE);
    fault.address = (uint64_t)high << 32 | low;
    return fault;
}

/* Set all performance counters to 0. They are read by their offset, mixdit_gemm_read(engine,
 * MIXDIT_GEMM_CYCLES), and agree with each other while no job is in progress. */
static inline void mixdit_gemm_clear_counters(const struct mixdit_gemm *engine)
{
    mixdit_gemm_write(engine, MIXDIT_GEMM_CONTROL, MIXDIT_GEMM_CONTROL_CLEAR_COUNTERS_MASK);
}

#endif /* MIXDIT_GEMM_DRIVER_H */
