/* The platform of a C program on the compiled engine, whose library mixdit.sim builds. */

#include <stdio.h>
#include <stdlib.h>

#include "mixdit_gemm_platform.h"
#include "shared_memory.h"

void *engine_open(struct Memory *memory, const char *waveform);
void engine_close(void *engine);
int engine_write(void *engine, uint32_t offset, uint32_t value, uint32_t *response);
int engine_read(void *engine, uint32_t offset, uint32_t *value);
int engine_run(void *engine, uint64_t cycles, int until_interrupt);

enum { SIZE = 1 << 17, PATIENCE = 20000 };

static uint8_t data[SIZE], written[SIZE];

static struct Memory memory = {
    .data = data,
    .written = written,
    .origin = 0x240000000u, /* beyond 4 GiB: both halves of an address count */
    .size = SIZE,
    .latency = {40, 20},
    .outstanding = 8,
    .bandwidth = 1 << 16,
};

static void check(int good, const char *what, uint32_t offset)
{
    if (!good || memory.violation) {
        printf("FAIL: register %#x: %s, violation %d\n", (unsigned)offset, what, (int)memory.violation);
        exit(1);
    }
}

static uint32_t read_register(void *engine, uint32_t offset)
{
    uint32_t value = 0;

    check(engine_read(engine, offset, &value) == 0, "no answer", offset);
    return value;
}

static void write_register(void *engine, uint32_t offset, uint32_t value)
{
    uint32_t response = 0;

    check(engine_write(engine, offset, value, &response) == 0, "no answer", offset);
    check(response == 0, "the write was refused", offset);
}

static int wait_for_interrupt(void *engine)
{
    return engine_run(engine, PATIENCE, 1) ? 0 : -1;
}

int mixdit_gemm_platform_open(struct mixdit_gemm_platform *platform, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    platform->engine.read = read_register;
    platform->engine.write = write_register;
    platform->engine.idle = wait_for_interrupt;
    platform->engine.context = engine_open(&memory, NULL);
    platform->memory = data;
    platform->address = memory.origin;
    platform->size = SIZE;
    return 0;
}

void mixdit_gemm_platform_close(struct mixdit_gemm_platform *platform)
{
    engine_close(platform->engine.context);
}
