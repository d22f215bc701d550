/* SPDX-License-Identifier: Apache-2.0
 *
 * The platform of a Linux program: registers and interrupt from UIO, memory from u-dma-buf.
 *
 *     program /dev/uio0 udmabuf-mixdit_gemm
 */
#ifdef __linux__

#define _POSIX_C_SOURCE 200809L

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mixdit_gemm_platform.h"

enum { REGISTER_BYTES = 4096, TIMEOUT_MS = 10000 };

/* The engine: one to a program. */
static struct device {
    int uio;
    void *registers;
} device = {-1, MAP_FAILED};

static uint32_t read_register(void *context, uint32_t offset)
{
    return mixdit_gemm_mapped_read(((struct device *)context)->registers, offset);
}

static void write_register(void *context, uint32_t offset, uint32_t value)
{
    mixdit_gemm_mapped_write(((struct device *)context)->registers, offset, value);
}

/* Sleeps until the interrupt. UIO masks it whenever it comes; writing 1 lets the next one through. */
static int wait_for_interrupt(void *context)
{
    const int uio = ((struct device *)context)->uio;
    const uint32_t unmask = 1;
    struct pollfd event = {uio, POLLIN, 0};
    uint32_t count;

    if (write(uio, &unmask, sizeof unmask) != (ssize_t)sizeof unmask)
        return -1;
    if (poll(&event, 1, TIMEOUT_MS) != 1)
        return -1;
    return read(uio, &count, sizeof count) == (ssize_t)sizeof count ? 0 : -1;
}

/* A number that the driver of a buffer shows in a file; 0 for none. */
static uint64_t attribute(const char *buffer, const char *name)
{
    char path[256];
    uint64_t value = 0;
    FILE *file;

    if (snprintf(path, sizeof path, "/sys/class/u-dma-buf/%s/%s", buffer, name) >= (int)sizeof path)
        return 0;
    file = fopen(path, "r");
    if (file == NULL) {
        perror(path);
        return 0;
    }
    if (fscanf(file, "%" SCNi64, (int64_t *)&value) != 1)
        fprintf(stderr, "%s: not a number\n", path);
    fclose(file);
    return value;
}

/* Map a device file; not cached, as O_SYNC asks of u-dma-buf. */
static void *map(const char *path, size_t size, int *file)
{
    void *mapped = MAP_FAILED;

    *file = open(path, O_RDWR | O_SYNC);
    if (*file >= 0)
        mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, *file, 0);
    if (mapped == MAP_FAILED)
        perror(path);
    return mapped;
}

int mixdit_gemm_platform_open(struct mixdit_gemm_platform *platform, int argc, char **argv)
{
    char path[256];
    void *memory;
    int file;

    if (argc != 3) {
        fprintf(stderr, "usage: %s UIO-DEVICE U-DMA-BUF, for example: %s /dev/uio0 udmabuf-mixdit_gemm\n",
                argv[0], argv[0]);
        return -1;
    }
    platform->size = (size_t)attribute(argv[2], "size");
    platform->address = attribute(argv[2], "phys_addr");
    if (platform->size == 0 || snprintf(path, sizeof path, "/dev/%s", argv[2]) >= (int)sizeof path)
        return -1;
    memory = map(path, platform->size, &file);
    if (file >= 0)
        close(file);
    if (memory == MAP_FAILED)
        return -1;
    platform->memory = (uint8_t *)memory;
    device.registers = map(argv[1], REGISTER_BYTES, &device.uio);
    if (device.registers == MAP_FAILED) {
        mixdit_gemm_platform_close(platform);
        return -1;
    }
    platform->engine.read = read_register;
    platform->engine.write = write_register;
    platform->engine.idle = wait_for_interrupt;
    platform->engine.context = &device;
    return 0;
}

void mixdit_gemm_platform_close(struct mixdit_gemm_platform *platform)
{
    munmap(platform->memory, platform->size);
    if (device.registers != MAP_FAILED)
        munmap(device.registers, REGISTER_BYTES);
    if (device.uio >= 0)
        close(device.uio);
    device.registers = MAP_FAILED;
    device.uio = -1;
}

#endif /* __linux__ */
