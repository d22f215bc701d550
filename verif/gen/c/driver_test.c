/* Every function of the driver on the simulated engine, and every way in which one can fail. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mixdit_gemm_platform.h"

static int checks;

#define CHECK(condition) check((condition) != 0, #condition, __LINE__)

static void check(int good, const char *what, int line)
{
    checks++;
    if (!good) {
        printf("FAIL: line %d: %s\n", line, what);
        exit(1);
    }
}

/* A product of zeros: A, B and D one after the other in memory. */
enum { ROWS = 64, PITCH = 256, MATRIX = ROWS * PITCH };

static void put_address(uint32_t *low, uint32_t *high, uint64_t address)
{
    *low = (uint32_t)address;
    *high = (uint32_t)(address >> 32);
}

static struct mixdit_gemm_descriptor product_of(const struct mixdit_gemm_platform *platform)
{
    struct mixdit_gemm_descriptor d;

    memset(&d, 0, sizeof d);
    d.formats = MIXDIT_GEMM_PUT(MIXDIT_GEMM_FORMAT_MX6, FORMATS_A_FORMAT) |
                MIXDIT_GEMM_PUT(MIXDIT_GEMM_FORMAT_MX9, FORMATS_B_FORMAT) |
                MIXDIT_GEMM_PUT(MIXDIT_GEMM_FORMAT_BINARY32, FORMATS_D_FORMAT);
    d.m = d.n = d.k = ROWS;
    d.a_pitch = d.b_pitch = d.d_pitch = PITCH;
    put_address(&d.a_address_low, &d.a_address_high, platform->address);
    put_address(&d.b_address_low, &d.b_address_high, platform->address + MATRIX);
    put_address(&d.d_address_low, &d.d_address_high, platform->address + 2 * MATRIX);
    return d;
}

/* Registers that read like something else: behind a struct mixdit_gemm of their own. */
static const struct mixdit_gemm *inner;
static uint32_t odd_offset;

static uint32_t read_oddly(void *context, uint32_t offset)
{
    (void)context;
    return offset == odd_offset ? 0x12345678u /* STATUS.resetting is set in it, the version is none */ : mixdit_gemm_read(inner, offset);
}

/* Memory that never answers would keep STATUS.resetting at 1. */
static void test_hung_reset(const struct mixdit_gemm *engine)
{
    struct mixdit_gemm odd = *engine;

    inner = engine;
    odd.read = read_oddly;
    odd_offset = MIXDIT_GEMM_STATUS;
    CHECK(MIXDIT_GEMM_GET(mixdit_gemm_read(&odd, MIXDIT_GEMM_STATUS), STATUS_RESETTING) != 0u);
    CHECK(mixdit_gemm_reset(&odd) == MIXDIT_GEMM_E_TIMEOUT);
    CHECK(mixdit_gemm_reset(engine) == MIXDIT_GEMM_OK);
}

static void test_open(const struct mixdit_gemm *engine)
{
    struct mixdit_gemm odd = *engine;

    inner = engine;
    odd.read = read_oddly;
    odd_offset = MIXDIT_GEMM_ID;
    CHECK(mixdit_gemm_open(&odd) == MIXDIT_GEMM_E_IDENTIFIER);
    odd_offset = MIXDIT_GEMM_VERSION;
    CHECK(mixdit_gemm_open(&odd) == MIXDIT_GEMM_E_VERSION);
    CHECK(mixdit_gemm_open(engine) == MIXDIT_GEMM_OK);
    CHECK(MIXDIT_GEMM_GET(mixdit_gemm_read(engine, MIXDIT_GEMM_ARRAY), ARRAY_ROWS) == 8u);
    CHECK(mixdit_gemm_get_fault(engine).code == MIXDIT_GEMM_ERROR_NONE);
}

/* Mapped registers are reached through memory, word by word. */
static void test_mapped(void)
{
    uint32_t registers[8] = {0};
    struct mixdit_gemm engine;

    mixdit_gemm_map(&engine, registers);
    mixdit_gemm_write(&engine, 0x014u, 7u);
    CHECK(registers[5] == 7u);
    registers[2] = 9u;
    CHECK(mixdit_gemm_read(&engine, 0x008u) == 9u);
    CHECK(engine.idle == NULL);
}

/* Results out of range are an event of their own, which other events do not take away. */
static void test_out_of_range(void)
{
    const uint32_t range = MIXDIT_GEMM_INTERRUPT_STATUS_RANGE_MASK, done = MIXDIT_GEMM_INTERRUPT_STATUS_DONE_MASK;
    uint32_t registers[MIXDIT_GEMM_INTERRUPT_STATUS / 4u + 1u] = {0};
    uint32_t *const events = &registers[MIXDIT_GEMM_INTERRUPT_STATUS / 4u];
    struct mixdit_gemm engine;

    mixdit_gemm_map(&engine, registers);
    *events = range | done;
    CHECK(mixdit_gemm_take_events(&engine) == done);
    CHECK(*events == done); /* what was written: bits to clear */
    *events = range | done;
    CHECK(mixdit_gemm_take_out_of_range(&engine) == 1);
    CHECK(*events == range);
    *events = done;
    CHECK(mixdit_gemm_take_out_of_range(&engine) == 0);
    CHECK(*events == 0u);
}

static void test_full_queue(const struct mixdit_gemm_platform *platform)
{
    const struct mixdit_gemm *engine = &platform->engine;
    const struct mixdit_gemm_descriptor d = product_of(platform);
    uint32_t job = 0, queued = 0;
    int result;

    CHECK(mixdit_gemm_reset(engine) == MIXDIT_GEMM_OK);
    mixdit_gemm_interrupts(engine, 1);
    while ((result = mixdit_gemm_try_submit(engine, &d, &job)) == MIXDIT_GEMM_OK)
        CHECK(job == ++queued);
    CHECK(result == MIXDIT_GEMM_E_FULL);
    CHECK(queued >= MIXDIT_GEMM_GET(mixdit_gemm_read(engine, MIXDIT_GEMM_BUFFERS), BUFFERS_QUEUE_DEPTH));
    CHECK(mixdit_gemm_submit(engine, &d, &job) == MIXDIT_GEMM_OK);
    CHECK(job == queued + 1u);
    CHECK(mixdit_gemm_wait(engine, 1u) == MIXDIT_GEMM_OK);
    CHECK(mixdit_gemm_read(engine, MIXDIT_GEMM_JOBS_DONE) < job);
    CHECK(mixdit_gemm_wait(engine, job) == MIXDIT_GEMM_OK);
    CHECK(mixdit_gemm_read(engine, MIXDIT_GEMM_JOBS_DONE) == job);
    CHECK(mixdit_gemm_submit(engine, &d, NULL) == MIXDIT_GEMM_OK);
    CHECK(mixdit_gemm_wait(engine, job + 1u) == MIXDIT_GEMM_OK);
}

static void test_events_and_counters(const struct mixdit_gemm_platform *platform)
{
    struct mixdit_gemm polled = platform->engine;
    const struct mixdit_gemm_descriptor d = product_of(platform);
    uint32_t job;

    polled.idle = NULL;
    CHECK(mixdit_gemm_reset(&polled) == MIXDIT_GEMM_OK);
    mixdit_gemm_clear_counters(&polled);
    CHECK(mixdit_gemm_read(&polled, MIXDIT_GEMM_CYCLES) == 0u);
    CHECK(mixdit_gemm_take_events(&polled) == 0u);
    CHECK(mixdit_gemm_submit(&polled, &d, &job) == MIXDIT_GEMM_OK);
    CHECK(mixdit_gemm_wait(&polled, job) == MIXDIT_GEMM_OK);
    CHECK(mixdit_gemm_read(&polled, MIXDIT_GEMM_CYCLES) > 0u);
    CHECK(mixdit_gemm_take_events(&polled) == MIXDIT_GEMM_INTERRUPT_STATUS_DONE_MASK);
    CHECK(mixdit_gemm_take_events(&polled) == 0u);
}

static void test_timeout(const struct mixdit_gemm_platform *platform)
{
    const struct mixdit_gemm *engine = &platform->engine;
    const struct mixdit_gemm_descriptor d = product_of(platform);
    uint32_t job;

    CHECK(mixdit_gemm_reset(engine) == MIXDIT_GEMM_OK);
    mixdit_gemm_interrupts(engine, 0);
    CHECK(mixdit_gemm_submit(engine, &d, &job) == MIXDIT_GEMM_OK);
    CHECK(mixdit_gemm_wait(engine, job) == MIXDIT_GEMM_E_TIMEOUT); /* no interrupt, so idle gives up */
    CHECK(mixdit_gemm_wait(engine, job) == MIXDIT_GEMM_OK);
}

static void test_errors(const struct mixdit_gemm_platform *platform)
{
    const struct mixdit_gemm *engine = &platform->engine;
    const struct mixdit_gemm_descriptor good = product_of(platform);
    struct mixdit_gemm_descriptor bad = good, nowhere = good;
    struct mixdit_gemm_fault fault;
    uint32_t job;

    CHECK(mixdit_gemm_reset(engine) == MIXDIT_GEMM_OK);
    mixdit_gemm_interrupts(engine, 1);
    bad.m = 0;
    CHECK(mixdit_gemm_submit(engine, &bad, &job) == MIXDIT_GEMM_OK);
    CHECK(mixdit_gemm_wait(engine, job) == MIXDIT_GEMM_E_STOPPED);
    fault = mixdit_gemm_get_fault(engine);
    CHECK(fault.code == MIXDIT_GEMM_ERROR_SIZE && fault.address == 0u);
    CHECK(mixdit_gemm_submit(engine, &good, &job) == MIXDIT_GEMM_E_STOPPED);

    CHECK(mixdit_gemm_reset(engine) == MIXDIT_GEMM_OK);
    CHECK(mixdit_gemm_get_fault(engine).code == MIXDIT_GEMM_ERROR_NONE);
    put_address(&nowhere.b_address_low, &nowhere.b_address_high, 0x123456000u);
    CHECK(mixdit_gemm_submit(engine, &nowhere, &job) == MIXDIT_GEMM_OK);
    CHECK(job == 1u); /* numbers begin anew */
    CHECK(mixdit_gemm_wait(engine, job) == MIXDIT_GEMM_E_STOPPED);
    fault = mixdit_gemm_get_fault(engine);
    CHECK(fault.code == MIXDIT_GEMM_ERROR_READ_DECODE_ERROR && fault.address == 0x123456000u);

    CHECK(mixdit_gemm_reset(engine) == MIXDIT_GEMM_OK);
    CHECK(mixdit_gemm_submit(engine, &good, &job) == MIXDIT_GEMM_OK);
    CHECK(mixdit_gemm_wait(engine, job) == MIXDIT_GEMM_OK);
}

enum { LISTED = 12, LIST_AT = 3 * MATRIX };

/* More jobs than the queue holds, from the last entry in memory to the first. */
static void test_lists(const struct mixdit_gemm_platform *platform)
{
    const struct mixdit_gemm *engine = &platform->engine;
    const struct mixdit_gemm_descriptor d = product_of(platform);
    const uint64_t start = platform->address + LIST_AT;
    struct mixdit_gemm_entry *entries = (struct mixdit_gemm_entry *)(void *)(platform->memory + LIST_AT);
    struct mixdit_gemm polled = *engine;
    struct mixdit_gemm_fault fault;
    uint32_t n, job = 0u, last = 0u;

    CHECK(sizeof *entries == 128u && start % 128u == 0u);
    memset(entries, 0xff, LISTED * sizeof *entries);
    for (n = 0u; n < LISTED; n++)
        mixdit_gemm_link(&entries[n], &d, n == 0u ? 0u : start + (n - 1u) * sizeof *entries);

    CHECK(mixdit_gemm_reset(engine) == MIXDIT_GEMM_OK);
    mixdit_gemm_list_interrupts(engine);
    CHECK(mixdit_gemm_submit(engine, &d, &job) == MIXDIT_GEMM_OK && job == 1u);
    CHECK(mixdit_gemm_try_submit_list(engine, start + (LISTED - 1) * sizeof *entries, LISTED, &last) ==
          MIXDIT_GEMM_OK);
    CHECK(last == LISTED + 1u);
    CHECK(mixdit_gemm_try_submit_list(engine, start, 1u, &job) == MIXDIT_GEMM_E_FULL);
    CHECK(mixdit_gemm_try_submit(engine, &d, &job) == MIXDIT_GEMM_E_FULL);
    CHECK(mixdit_gemm_wait(engine, last) == MIXDIT_GEMM_OK);
    CHECK(mixdit_gemm_read(engine, MIXDIT_GEMM_LISTS_DONE) == 1u);
    CHECK(mixdit_gemm_read(engine, MIXDIT_GEMM_JOBS_DONE) == last);

    polled.idle = NULL;
    CHECK(mixdit_gemm_submit_list(&polled, start + (LISTED - 1) * sizeof *entries, LISTED, NULL) ==
          MIXDIT_GEMM_OK);
    CHECK(mixdit_gemm_submit_list(&polled, start, 1u, &job) == MIXDIT_GEMM_OK);
    CHECK(job == last + LISTED + 1u);
    CHECK(mixdit_gemm_wait(&polled, job) == MIXDIT_GEMM_OK);
    CHECK(mixdit_gemm_read(engine, MIXDIT_GEMM_LISTS_DONE) == 3u);

    mixdit_gemm_link(&entries[1], &d, 0x40u);
    CHECK(mixdit_gemm_submit_list(engine, start + sizeof *entries, 2u, &job) == MIXDIT_GEMM_OK);
    CHECK(mixdit_gemm_wait(engine, job) == MIXDIT_GEMM_E_STOPPED);
    fault = mixdit_gemm_get_fault(engine);
    CHECK(fault.code == MIXDIT_GEMM_ERROR_LIST && fault.address == 0x40u);
    CHECK(mixdit_gemm_read(engine, MIXDIT_GEMM_JOBS_DONE) == job - 1u);
    CHECK(mixdit_gemm_submit_list(engine, start, 1u, &job) == MIXDIT_GEMM_E_STOPPED);
    CHECK(mixdit_gemm_reset(engine) == MIXDIT_GEMM_OK);
    CHECK(mixdit_gemm_read(engine, MIXDIT_GEMM_LISTS_DONE) == 0u);
}

int main(int argc, char **argv)
{
    struct mixdit_gemm_platform platform;

    CHECK(mixdit_gemm_platform_open(&platform, argc, argv) == 0);
    test_open(&platform.engine);
    test_hung_reset(&platform.engine);
    test_mapped();
    test_out_of_range();
    test_full_queue(&platform);
    test_events_and_counters(&platform);
    test_timeout(&platform);
    test_errors(&platform);
    test_lists(&platform);
    mixdit_gemm_platform_close(&platform);
    printf("PASS: %d checks\n", checks);
    return 0;
}
