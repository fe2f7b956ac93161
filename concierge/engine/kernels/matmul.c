/* Products of 8-bit and 4-bit weights with tokens, on processors with AVX-512 VNNI, in the place of ggml's.

   ggml takes a row of weights with a few tokens at a time and 32 weights in an instruction. Here a block of each of 16
   rows is turned, once for all tokens, so that a lane has a row's weights: an instruction (VPDPBUSD) then multiplies 64
   of them, 4 in a lane, with 4 values of a token, and adds them up. A token's values are rounded to 8 bits in blocks of
   32, as ggml rounds them; sums over a block are exact, and those over blocks of 32-bit floats. */

#include "kernels.h"

bool concierge_matmul = true; /* or ggml does */
long concierge_matmul_calls;

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__) && defined(__AVX512VNNI__)
#include <immintrin.h>

enum { BLOCK = 32, ROWS = 16 }; /* weights that share a scale; of a work item */
enum { STRIP = 24 };            /* blocks of a row that are turned at once, for the L1 cache to hold them */
enum { ABREAST = 8 };           /* tokens whose sums are in registers */

struct tile { /* a block of each of 16 rows; lane i is row i's */
    __m512i weights[BLOCK / 4];
    __m512i bias; /* 128 times their sum, to be taken off, since values are made unsigned by adding 128 */
    half scale[ROWS], least[ROWS];
};

struct tokens { /* blocks of all tokens' values */
    uint8_t *values;
    half *scales;
    int16_t *sums;
    int64_t width; /* blocks of a token */
};

static operation *ggml; /* its own */

__attribute__((constructor)) static void prepare(void) {
    ggml = (operation *)dlsym(RTLD_NEXT, "ggml_compute_forward_mul_mat");
}

/* Round a token's values. */
INLINE void narrow(const float *from, struct tokens to, int64_t block) {
    __m512 first = _mm512_loadu_ps(from), second = _mm512_loadu_ps(from + BLOCK / 2);
    float largest = _mm512_reduce_max_ps(_mm512_max_ps(_mm512_abs_ps(first), _mm512_abs_ps(second)));
    float inverse = largest ? 127 / largest : 0;
    __m512i a = _mm512_cvtps_epi32(first * inverse), b = _mm512_cvtps_epi32(second * inverse);
    __m256i both = _mm256_set_m128i(_mm512_cvtepi32_epi8(b), _mm512_cvtepi32_epi8(a));
    _mm256_storeu_si256((__m256i *)(to.values + block * BLOCK), both ^ _mm256_set1_epi8(-128));
    to.scales[block] = _cvtss_sh(largest / 127, _MM_FROUND_TO_NEAREST_INT);
    if (to.sums) to.sums[block] = _mm512_reduce_add_epi32(_mm512_add_epi32(a, b));
}

/* Transpose 16 rows of 8 times 4 weights; row r lies beside row r + 4. */
INLINE void transpose(const __m512i rows[ROWS / 2], __m512i *turned) {
    __m512i fours[2][4];
    for (int i = 0; i < 2; i++) {
        const __m512i *r = rows + 4 * i;
        __m512i ab = _mm512_unpacklo_epi32(r[0], r[1]), AB = _mm512_unpackhi_epi32(r[0], r[1]);
        __m512i cd = _mm512_unpacklo_epi32(r[2], r[3]), CD = _mm512_unpackhi_epi32(r[2], r[3]);
        fours[i][0] = _mm512_unpacklo_epi64(ab, cd);
        fours[i][1] = _mm512_unpackhi_epi64(ab, cd);
        fours[i][2] = _mm512_unpacklo_epi64(AB, CD);
        fours[i][3] = _mm512_unpackhi_epi64(AB, CD);
    }
    for (int i = 0; i < 4; i++) {
        turned[i] = _mm512_shuffle_i32x4(fours[0][i], fours[1][i], 0x88);
        turned[i + 4] = _mm512_shuffle_i32x4(fours[0][i], fours[1][i], 0xdd);
    }
}

/* A block's weights, which follow its scale and in Q4_1 its least, what 0 stands for. */
INLINE __m256i weights_of(const char *block, enum ggml_type type) {
    if (type == GGML_TYPE_Q8_0) return _mm256_loadu_si256((const __m256i *)(block + 2));
    __m256i both = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(block + 4)));
    return _mm256_srlv_epi64(both, _mm256_setr_epi64x(0, 0, 4, 4)) & _mm256_set1_epi8(15); /* low, then high halves */
}

/* Turn a block of each of 16 rows, and fetch what lies `ahead` bytes on. */
INLINE void turn(struct tile *tile, const char *block, size_t stride, size_t ahead, enum ggml_type type) {
    __m512i rows[ROWS / 2];
    const char *a = block, *b = block + 4 * stride;
#pragma GCC unroll 8
    for (int i = 0; i < ROWS / 2; i++) {
        const int row = i / 4 * 8 + i % 4;
        __builtin_prefetch(a + ahead, 0, 2);
        __builtin_prefetch(b + ahead, 0, 2);
        memcpy(&tile->scale[row], a, sizeof(half));
        memcpy(&tile->scale[row + 4], b, sizeof(half));
        if (type == GGML_TYPE_Q4_1) {
            memcpy(&tile->least[row], a + 2, sizeof(half));
            memcpy(&tile->least[row + 4], b + 2, sizeof(half));
        }
        rows[i] = _mm512_inserti64x4(_mm512_castsi256_si512(weights_of(a, type)), weights_of(b, type), 1);
        a += i == 3 ? 5 * stride : stride;
        b += i == 3 ? 5 * stride : stride;
        __asm__("" : "+r"(a), "+r"(b), "+v"(rows[i])); /* or the compiler keeps 16 pointers, in too few registers */
    }
    transpose(rows, tile->weights);
    __m512i sum = _mm512_setzero_si512();
    for (int i = 0; i < BLOCK / 4; i++) sum = _mm512_dpbusd_epi32(sum, _mm512_set1_epi8(-128), tile->weights[i]);
    tile->bias = _mm512_sub_epi32(_mm512_setzero_si512(), sum);
}

/* A token's scales, and what its values add up to, as floats. */
INLINE void widen(struct tokens in, int64_t block, int blocks, float *scales, float *sums, enum ggml_type type) {
    for (int b = 0; b < blocks; b += ABREAST) {
        const __mmask8 some = _bzhi_u32(0xff, blocks - b);
        const __m256 scale = _mm256_cvtph_ps(_mm_maskz_loadu_epi16(some, in.scales + block + b));
        _mm256_storeu_ps(scales + b, scale);
        if (type != GGML_TYPE_Q4_1) continue;
        const __m256i sum = _mm256_cvtepi16_epi32(_mm_maskz_loadu_epi16(some, in.sums + block + b));
        _mm256_storeu_ps(sums + b, _mm256_cvtepi32_ps(sum) * scale);
    }
}

/* Add to `count` tokens' results, ABREAST at most, what the tiles of 16 rows give; `first` is their first block. */
INLINE void multiply(const struct tile *tiles, int blocks, struct tokens in, int64_t first, float *out, size_t stride,
                     int count, enum ggml_type type) {
    __m512 result[ABREAST];
    float scales[ABREAST][STRIP], sums[ABREAST][STRIP];
#pragma GCC unroll 8
    for (int t = 0; t < count; t++) {
        result[t] = _mm512_loadu_ps(out + t * stride);
        widen(in, first + t * in.width, blocks, scales[t], sums[t], type);
    }
    for (int b = 0; b < blocks; b++) {
        const struct tile *tile = &tiles[b];
        const __m512 scale = _mm512_cvtph_ps(_mm256_load_si256((const __m256i *)tile->scale));
        const __m512 least = _mm512_cvtph_ps(_mm256_load_si256((const __m256i *)tile->least));
        __m512i sum[ABREAST];
#pragma GCC unroll 8
        for (int t = 0; t < count; t++) sum[t] = tile->bias;
#pragma GCC unroll 8
        for (int i = 0; i < BLOCK / 4; i++) {
#pragma GCC unroll 8
            for (int t = 0; t < count; t++) { /* a token's next sum waits for its last; so tokens take turns */
                int32_t four;
                memcpy(&four, in.values + (first + t * in.width + b) * BLOCK + 4 * i, sizeof four);
                sum[t] = _mm512_dpbusd_epi32(sum[t], _mm512_set1_epi32(four), tile->weights[i]);
            }
        }
#pragma GCC unroll 8
        for (int t = 0; t < count; t++) {
            result[t] += _mm512_cvtepi32_ps(sum[t]) * (scale * scales[t][b]);
            if (type == GGML_TYPE_Q4_1) result[t] += least * sums[t][b];
        }
    }
#pragma GCC unroll 8
    for (int t = 0; t < count; t++) _mm512_storeu_ps(out + t * stride, result[t]);
}

/* A work item: 16 rows times all tokens. */
INLINE void multiply_rows(struct ggml_tensor *dst, int64_t row, struct tokens in, size_t ahead, enum ggml_type type) {
    const struct ggml_tensor *w = dst->src[0];
    const int64_t count = dst->ne[1];
    const size_t stride = dst->nb[1] / sizeof(float);
    float *out = (float *)dst->data + row;
    struct tile tiles[STRIP];
    for (int64_t t = 0; t < count; t++) _mm512_storeu_ps(out + t * stride, _mm512_setzero_ps());
    for (int64_t from = 0; from < in.width; from += STRIP) {
        const int blocks = in.width - from < STRIP ? in.width - from : STRIP;
        const char *block = (const char *)w->data + row * w->nb[1] + from * w->nb[0];
        for (int b = 0; b < blocks; b++) turn(&tiles[b], block + b * w->nb[0], w->nb[1], ahead, type);
        int64_t t = 0;
#define TAKE(n) \
    for (; t + n <= count; t += n) \
        multiply(tiles, blocks, in, t * in.width + from, out + t * stride, stride, n, type)
        TAKE(ABREAST);
        TAKE(4);
        TAKE(2);
        TAKE(1);
    }
}

static void q8_0(struct ggml_tensor *dst, int64_t row, struct tokens in, size_t ahead) {
    multiply_rows(dst, row, in, ahead, GGML_TYPE_Q8_0);
}

static void q4_1(struct ggml_tensor *dst, int64_t row, struct tokens in, size_t ahead) {
    multiply_rows(dst, row, in, ahead, GGML_TYPE_Q4_1);
}

/* Whether they are a model's weights, of one of two types, with as many rows as in most models. */
static bool handled(const struct ggml_compute_params *params, const struct ggml_tensor *dst) {
    const struct ggml_tensor *w = dst->src[0], *x = dst->src[1];
    const size_t block = BLOCK + sizeof(half) + (w->type == GGML_TYPE_Q4_1 ? sizeof(int16_t) : 0);
    return (w->type == GGML_TYPE_Q8_0 || w->type == GGML_TYPE_Q4_1) && x->type == GGML_TYPE_F32 &&
           w->ne[1] % ROWS == 0 && w->ne[2] == 1 && w->ne[3] == 1 && x->ne[2] == 1 && x->ne[3] == 1 &&
           x->nb[0] == sizeof(float) && dst->op_params[1] == 0 &&
           x->ne[1] * (w->ne[0] / BLOCK) * block <= params->scratch_size;
}

void ggml_compute_forward_mul_mat(const struct ggml_compute_params *params, struct ggml_tensor *dst) {
    if (!concierge_matmul || !handled(params, dst)) {
        ggml(params, dst);
        return;
    }
    const struct ggml_tensor *w = dst->src[0], *x = dst->src[1];
    const int64_t width = w->ne[0] / BLOCK, blocks = width * x->ne[1];
    const int thread = params->thread, threads = params->threads;
    struct tokens tokens = {.values = params->scratch, .width = width};
    tokens.scales = (half *)(tokens.values + blocks * BLOCK);
    if (w->type == GGML_TYPE_Q4_1) tokens.sums = (int16_t *)(tokens.scales + blocks);

    if (thread == 0) {
        concierge_matmul_calls++;
        ggml_threadpool_chunk_set(params->pool, threads);
    }
    for (int64_t b = thread * blocks / threads; b < (thread + 1) * blocks / threads; b++)
        narrow((const float *)((const char *)x->data + b / width * x->nb[1]) + b % width * BLOCK, tokens, b);
    ggml_barrier(params->pool);
    const size_t ahead = threads * ROWS * w->nb[1]; /* the rows that this thread is likely to take next */
    for (int64_t i = thread; i < w->ne[1] / ROWS; i = ggml_threadpool_chunk_add(params->pool, 1))
        (w->type == GGML_TYPE_Q8_0 ? q8_0 : q4_1)(dst, i * ROWS, tokens, ahead);
}
#endif
