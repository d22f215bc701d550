/* SPDX-License-Identifier: Apache-2.0
 *
 * What a program needs from the machine that it runs on: an engine's registers, and memory that both reach.
 */
#ifndef MIXDIT_GEMM_PLATFORM_H
#define MIXDIT_GEMM_PLATFORM_H

#include <stddef.h>
#include <stdint.h>

#include "mixdit_gemm_driver.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mixdit_gemm_platform {
    struct mixdit_gemm engine;
    uint8_t *memory;  /* for the program; not cached, or coherent */
    uint64_t address; /* of its first byte, as the engine sees it */
    size_t size;      /* bytes */
};

/* Connect to an engine; the program's arguments say which. 0, or -1 after a message to the user. */
int mixdit_gemm_platform_open(struct mixdit_gemm_platform *platform, int argc, char **argv);

/* Give back what open took. The engine must be at rest. */
void mixdit_gemm_platform_close(struct mixdit_gemm_platform *platform);

#ifdef __cplusplus
}
#endif

#endif /* MIXDIT_GEMM_PLATFORM_H */
