// Fake quantization of float32 rows, one block at a time: what quantize.py does with tensors, in one
// pass over memory. Built and called by native.py.

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#if defined(__x86_64__) && defined(__linux__)
#define CLONES __attribute__((target_clones("avx2", "default")))
#else
#define CLONES
#endif
#define INLINE __attribute__((always_inline)) inline

namespace {

constexpr int LANES = 8;
typedef int32_t Ints __attribute__((vector_size(4 * LANES)));
typedef float Floats __attribute__((vector_size(4 * LANES)));

constexpr int32_t EXPONENT = 0xFF << 23;
constexpr int32_t ONE = 1 << 23;           // of an exponent, in a float's place
constexpr int32_t SMALLEST_FAST = 9 << 23; // below it, a scale or a step is no normal float
constexpr float MAGIC = 1.5f * (1 << 23);  // adding it rounds to the nearest integer, ties to even

#define LARGER(a, b) ((a) > (b) ? (a) : (b))
// The larger of each lane and its neighbour, of each pair and its neighbour, of both halves.
#define OF_PAIRS(v) LARGER(v, __builtin_shuffle(v, Ints{1, 0, 3, 2, 5, 4, 7, 6}))
#define OF_FOURS(v) LARGER(v, __builtin_shuffle(v, Ints{2, 3, 0, 1, 6, 7, 4, 5}))
#define OF_ALL(v) LARGER(v, __builtin_shuffle(v, Ints{4, 5, 6, 7, 0, 1, 2, 3}))

// A block of any exponent, in double, whose range no scale leaves.
void quantize_exactly(const float *x, int count, int32_t top, int bits, bool micro, float *y) {
    int32_t e[32];
    std::memcpy(e, x, 4 * count);
    for (int i = 0; i < count; i++) {
        bool below = micro && (e[i] & EXPONENT) < top && (e[i ^ 1] & EXPONENT) < top;
        double step = std::ldexp(1.0, (top >> 23) - 127 - below - (bits - 1));
        double largest = (1 << bits) - 1;
        double q = std::nearbyint((e[i] & EXPONENT ? x[i] : 0.0) / step);
        q = q > largest ? largest : q < -largest ? -largest : q;
        y[i] = static_cast<float>(q * step + 0.0); // -0 becomes +0
        if (top == EXPONENT) y[i] = std::numeric_limits<float>::quiet_NaN();
    }
}

// A block of PARTS vectors.
template <int PARTS, bool MICRO> INLINE void quantize_block(const float *x, int bits, float *y) {
    Ints pairs[PARTS], top = {};
    Floats values[PARTS];
    _Pragma("GCC unroll 4") for (int p = 0; p < PARTS; p++) {
        std::memcpy(&values[p], x + LANES * p, sizeof values[p]);
        std::memcpy(&pairs[p], x + LANES * p, sizeof pairs[p]);
        pairs[p] &= EXPONENT;
        pairs[p] = OF_PAIRS(pairs[p]);
        top = LARGER(top, pairs[p]);
    }
    top = OF_FOURS(top);
    top = OF_ALL(top);
    if (top[0] < SMALLEST_FAST || top[0] == EXPONENT) {
        quantize_exactly(x, PARTS * LANES, top[0], bits, MICRO, y);
        return;
    }
    const float largest = (1 << bits) - 1;
    const Floats low = (MAGIC - largest) + Floats{}, high = (MAGIC + largest) + Floats{};
    _Pragma("GCC unroll 4") for (int p = 0; p < PARTS; p++) {
        Ints scale_bits = (253 + bits) * ONE - top;
        if (MICRO) scale_bits += (pairs[p] < top) & ONE;
        Ints step_bits = 254 * ONE - scale_bits;
        Floats scale, step;
        std::memcpy(&scale, &scale_bits, sizeof scale);
        std::memcpy(&step, &step_bits, sizeof step);
        Floats q = values[p] * scale + MAGIC;
        q = q < low ? low : q;
        q = q > high ? high : q;
        q = (q - MAGIC) * step; // +0 where it rounds to zero
        std::memcpy(y + LANES * p, &q, sizeof q);
    }
}

template <int PARTS, bool MICRO>
INLINE void quantize_rows(const float *x, float *y, int64_t rows, int64_t k, const uint8_t *bits) {
    constexpr int SIZE = PARTS * LANES;
    for (int64_t row = 0; row < rows; row++) {
        int64_t i = 0, block = 0;
        for (; i + SIZE <= k; i += SIZE, block++) quantize_block<PARTS, MICRO>(x + i, bits[block], y + i);
        if (i < k) {
            float padded[SIZE] = {};
            std::memcpy(padded, x + i, (k - i) * sizeof(float));
            quantize_block<PARTS, MICRO>(padded, bits[block], padded);
            std::memcpy(y + i, padded, (k - i) * sizeof(float));
        }
        x += k;
        y += k;
    }
}

} // namespace

// x, y: float32 [rows, k]. bits: magnitude bits of each block of a row.

// Blocks of 16 with a microexponent for each pair.
extern "C" CLONES void mixdit_fake_quantize_16(
    const float *x, float *y, int64_t rows, int64_t k, const uint8_t *bits) {
    quantize_rows<2, true>(x, y, rows, k, bits);
}

// Blocks of 32 without microexponents.
extern "C" CLONES void mixdit_fake_quantize_32(
    const float *x, float *y, int64_t rows, int64_t k, const uint8_t *bits) {
    quantize_rows<4, false>(x, y, rows, k, bits);
}
