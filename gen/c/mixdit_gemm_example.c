/* SPDX-License-Identifier: Apache-2.0
 *
 * A product in MX6 on the engine, checked against one in binary32: prints PASS or FAIL.
 *
 * Link it with a platform: mixdit_gemm_linux.c, or your own with the two functions of mixdit_gemm_platform.h.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "mixdit_gemm_platform.h"

/* D[M, N] = A[M, K] * B[N, K]^T, B transposed: a row of B makes a column of D. */
enum { M = 5, N = 7, K = 40 };

/* A row of MX6: a block of 12 bytes for every 16 elements. */
enum { BLOCK = 16, BLOCK_BYTES = 12, BLOCKS = (K + BLOCK - 1) / BLOCK, PITCH = 64 };

/* Quantize 16 floats to a block: the exponent, the microexponents, 16 elements of 5 bits. */
static void mx6_block(const float *x, uint8_t *block)
{
    uint32_t bits[BLOCK], largest = 0;
    int n;

    memcpy(bits, x, sizeof bits);
    memset(block, 0, BLOCK_BYTES);
    for (n = 0; n < BLOCK; n++) {
        bits[n] = bits[n] >> 23 & 255u; /* the exponent; subnormal numbers count as 0 */
        if (bits[n] > largest)
            largest = bits[n];
    }
    block[0] = (uint8_t)largest;
    if (largest == 0 || largest == 255) /* zeros, or a block of NaN */
        return;
    for (n = 0; n < BLOCK; n++) {
        const int smaller = bits[n & ~1] < largest && bits[n | 1] < largest; /* both of the pair */
        const float scaled = bits[n] ? ldexpf(x[n], 127 + 3 + smaller - (int)largest) : 0.0f;
        const float rounded = fminf(fmaxf(nearbyintf(scaled), -15.0f), 15.0f);
        const unsigned element = (unsigned)(int)rounded & 31u, at = (unsigned)n * 5u;

        block[1] = (uint8_t)(block[1] | smaller << (n / 2));
        block[2 + at / 8] = (uint8_t)(block[2 + at / 8] | element << at % 8);
        if (at % 8 > 3)
            block[3 + at / 8] = (uint8_t)(block[3 + at / 8] | element >> (8 - at % 8));
    }
}

/* Put a matrix into memory, its rows filled up with zeros to whole blocks. */
static void store(uint8_t *memory, const float (*matrix)[K], int rows)
{
    float padded[BLOCKS * BLOCK];
    int row, n;

    for (row = 0; row < rows; row++) {
        memset(padded, 0, sizeof padded);
        memcpy(padded, matrix[row], sizeof matrix[row]);
        for (n = 0; n < BLOCKS; n++)
            mx6_block(&padded[n * BLOCK], memory + row * PITCH + n * BLOCK_BYTES);
    }
}

/* Whole numbers from -15 to 15, which MX6 holds exactly, and so are the sums of their products. */
static void fill(float (*matrix)[K], int rows, unsigned seed)
{
    int row, n;

    for (row = 0; row < rows; row++) {
        for (n = 0; n < K; n++) {
            seed = seed * 1103515245u + 12345u;
            matrix[row][n] = (float)(seed >> 16 & 31u) - 15.0f;
            if (matrix[row][n] > 15.0f)
                matrix[row][n] = 0.0f;
        }
    }
}

/* Count the elements of D that are not what binary32 makes of A and B. */
static int compare(const uint8_t *memory, const float (*a)[K], const float (*b)[K])
{
    int row, column, n, wrong = 0;

    for (row = 0; row < M; row++) {
        for (column = 0; column < N; column++) {
            float expected = 0.0f, found;

            for (n = 0; n < K; n++)
                expected += a[row][n] * b[column][n];
            memcpy(&found, memory + row * PITCH + column * 4, sizeof found);
            if (found != expected) {
                printf("D[%d, %d] is %g, not %g\n", row, column, (double)found, (double)expected);
                wrong++;
            }
        }
    }
    return wrong;
}

static int run(const struct mixdit_gemm_platform *platform)
{
    const struct mixdit_gemm *engine = &platform->engine;
    const uint64_t places[3] = {platform->address, platform->address + M * PITCH,
                                platform->address + (M + N) * PITCH};
    struct mixdit_gemm_descriptor product;
    float a[M][K], b[N][K];
    uint32_t job = 0;
    int result;

    if ((result = mixdit_gemm_open(engine)) != MIXDIT_GEMM_OK)
        return result;
    mixdit_gemm_interrupts(engine, 1);
    mixdit_gemm_clear_counters(engine);

    fill(a, M, 1u);
    fill(b, N, 2u);
    store(platform->memory, (const float (*)[K])a, M);
    store(platform->memory + M * PITCH, (const float (*)[K])b, N);

    memset(&product, 0, sizeof product);
    product.operation = MIXDIT_GEMM_OPERATION_PRODUCT;
    product.formats = MIXDIT_GEMM_PUT(MIXDIT_GEMM_FORMAT_MX6, FORMATS_A_FORMAT) |
                      MIXDIT_GEMM_PUT(MIXDIT_GEMM_FORMAT_MX6, FORMATS_B_FORMAT) |
                      MIXDIT_GEMM_PUT(MIXDIT_GEMM_FORMAT_BINARY32, FORMATS_D_FORMAT);
    product.m = M;
    product.n = N;
    product.k = K;
    product.a_address_low = (uint32_t)places[0];
    product.a_address_high = (uint32_t)(places[0] >> 32);
    product.b_address_low = (uint32_t)places[1];
    product.b_address_high = (uint32_t)(places[1] >> 32);
    product.d_address_low = (uint32_t)places[2];
    product.d_address_high = (uint32_t)(places[2] >> 32);
    product.a_pitch = product.b_pitch = product.d_pitch = PITCH;

    if ((result = mixdit_gemm_submit(engine, &product, &job)) != MIXDIT_GEMM_OK)
        return result;
    if ((result = mixdit_gemm_wait(engine, job)) != MIXDIT_GEMM_OK)
        return result;
    printf("%lu cycles\n", (unsigned long)mixdit_gemm_read(engine, MIXDIT_GEMM_CYCLES));
    return compare(platform->memory + (M + N) * PITCH, (const float (*)[K])a, (const float (*)[K])b);
}

int main(int argc, char **argv)
{
    struct mixdit_gemm_platform platform;
    int result;

    if (mixdit_gemm_platform_open(&platform, argc, argv) != 0)
        return 1;
    if (platform.size < (2 * M + N) * PITCH) {
        fprintf(stderr, "the example needs %d bytes of memory\n", (2 * M + N) * PITCH);
        result = 1;
    } else {
        result = run(&platform);
        if (result == MIXDIT_GEMM_E_STOPPED) {
            const struct mixdit_gemm_fault fault = mixdit_gemm_get_fault(&platform.engine);

            printf("error %lu at %#llx\n", (unsigned long)fault.code, (unsigned long long)fault.address);
        }
        if (result == 0)
            printf("PASS mixdit_gemm: %d x %d x %d\n", M, N, K);
        else
            printf("FAIL mixdit_gemm: %d\n", result);
    }
    mixdit_gemm_platform_close(&platform);
    return result != 0;
}
