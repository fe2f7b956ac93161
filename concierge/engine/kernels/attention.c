/* Attention over the KV cache on a CPU, in the place of ggml's.

   ggml goes through a chat's cells one by one for each token and each head. Here 32 cells are turned into floats at
   once for all that look at them: the heads that share a KV head, the tokens of a prompt, the chats behind one house
   prompt. Softmax is kept up block by block (Milakov and Gimelshein 2018, arXiv:1805.02867; FlashAttention, Dao et al.
   2022, arXiv:2205.14135). As many rows of the output as a vector has lanes are computed side by side, a row to a lane,
   so that nothing is summed across lanes; where few look, each row alone. Where each token sees few of a block's cells,
   as when other chats' lie between its own, those are collected until there are 32, once for tokens that see the same.
   Sums are of 32-bit floats; ggml's are of 16-bit ones. */

#include "kernels.h"

#if defined(__AVX512F__) && defined(__AVX512BW__)
#include <immintrin.h>
enum { LANES = 16, SUMS = 16 };
#define WIDEN(p) ((vec)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(p))))
#elif defined(__AVX2__) && defined(__F16C__)
#include <immintrin.h>
enum { LANES = 8, SUMS = 8 };
#define WIDEN(p) ((vec)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(p))))
#elif defined(__aarch64__)
#include <arm_neon.h>
enum { LANES = 4, SUMS = 16 };
#define WIDEN(p) ((vec)vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p))))
#else
#error "neither AVX-512, AVX2 with F16C, nor NEON"
#endif

/* SUMS: as many as registers hold at once beside what they are made of. */

enum { CELLS = 32, TOKENS = 64 }; /* of a block; of a work item at most */
enum { FEW = LANES / 4 };         /* rows that look alone, as LANES side by side would take longer */
enum { HIDDEN = 0xfc00 };         /* minus infinity, what the mask has for a cell that a token doesn't see */

typedef float vec __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef int32_t ivec __attribute__((vector_size(4 * LANES)));

static operation *ggml;          /* its own */
bool concierge_attention = true; /* or ggml does */
long concierge_attention_calls;

struct row { /* of the output: a token's head */
    float highest;
    vec sum;
};

struct abreast { /* LANES rows, whose queries and output have a vector for each dimension */
    bool used;
    vec highest, sum, *query, *out;
};

INLINE vec splat(float x) { return x - (vec){0}; }

/* Lanes to pick, which the compiler would else build anew each time: FIRST and SECOND halves of the segments of 2 << i
   lanes that two vectors have, FAR those 1 << i away, and the bit of each. */
enum { LEVELS = LANES == 16 ? 4 : LANES == 8 ? 3 : 2 };
static ivec FIRST[LEVELS], SECOND[LEVELS], FAR[LEVELS], BIT;

__attribute__((constructor)) static void prepare(void) {
    for (int level = 0; level < LEVELS; level++)
        for (int i = 0, half = 1 << level; i < LANES; i++) {
            FIRST[level][i] = i / half * 2 * half + i % half;
            SECOND[level][i] = FIRST[level][i] + half;
            FAR[level][i] = i ^ half;
        }
    for (int i = 0; i < LANES; i++) BIT[i] = 1 << i;
    ggml = (operation *)dlsym(RTLD_NEXT, "ggml_compute_forward_flash_attn_ext");
}

/* Lane i is the sum of the i-th vector's lanes: segments are folded until one lane is left of each. */
INLINE vec sums(vec *v) {
#pragma GCC unroll 4
    for (int level = LEVELS - 1; level >= 0; level--)
#pragma GCC unroll 8
        for (int i = 0; i < 1 << level; i++)
            v[i] = __builtin_shuffle(v[2 * i], v[2 * i + 1], FIRST[level]) +
                   __builtin_shuffle(v[2 * i], v[2 * i + 1], SECOND[level]);
    return v[0];
}

INLINE vec pick(ivec where, vec a, vec b) { return (vec)((where & (ivec)a) | (~where & (ivec)b)); }

INLINE vec larger(vec a, vec b) { return pick(a > b, a, b); }

INLINE float highest(vec x) {
    for (int level = 0; level < LEVELS; level++) x = larger(x, __builtin_shuffle(x, FAR[level]));
    return x[0];
}

/* e to the x for x from -87 to 0, within 2 units in the last place (Cephes, expf). */
INLINE vec exponential(vec x) {
    vec shifted = x * 1.44269504f + 12582912.0f; /* 1.5 * 2^23: what is left of the point is now the integer's bits */
    vec n = shifted - 12582912.0f;
    vec r = x - n * 0.693359375f + n * 2.12194440e-4f;
    vec y = r * 1.9875691500e-4f + 1.3981999507e-3f;
    y = y * r + 8.3334519073e-3f;
    y = y * r + 4.1665795894e-2f;
    y = y * r + 1.6666665459e-1f;
    y = y * r + 5.0000001201e-1f;
    y = y * r * r + r + 1.0f;
    return (vec)((ivec)y + ((ivec)shifted << 23));
}

/* Likewise, and 0 for what is below. */
INLINE vec weight(vec x) { return pick(x < -87.0f, splat(0), exponential(larger(x, splat(-87.0f)))); }

/* Which of the cells from `cell` on the token sees, a bit each. */
INLINE uint32_t seen(const half *mask, int64_t cell, int64_t cells) {
    int64_t count = cells - cell < CELLS ? cells - cell : CELLS;
    uint32_t bits = 0;
    if (!mask) return count == CELLS ? ~0u : (1u << count) - 1;
#if defined(__AVX512BW__)
    if (count == CELLS)
        return _mm512_cmpneq_epi16_mask(_mm512_loadu_si512(mask + cell), _mm512_set1_epi16((short)HIDDEN));
#endif
    for (int i = 0; i < count; i++) bits |= (uint32_t)(mask[cell + i] != HIDDEN) << i;
    return bits;
}

/* Turn cells into floats, and fetch those that lie behind them: the next block's, while most chats share a prompt. */
INLINE void widen(float *to, const char *from, size_t stride, const int32_t *cells, int size) {
    for (int c = 0; c < CELLS; c++) {
        const half *row = (const half *)(from + cells[c] * stride);
        for (int i = 0; i < size; i += 32) __builtin_prefetch(row + CELLS * stride / sizeof(half) + i);
        for (int i = 0; i < size; i += LANES) *(vec *)(to + c * size + i) = WIDEN(row + i);
    }
}

/* Take a block of cells into a row of the output. */
INLINE void look(struct row *row, float *out, const float *query, const float *keys, const float *values, uint32_t bits,
                 float scale, int size) {
    vec scores[CELLS / LANES], q[size / LANES], high = splat(-INFINITY);
    for (int i = 0; i < size / LANES; i++) q[i] = *(const vec *)(query + i * LANES);
    for (int block = 0; block < CELLS / LANES; block++) {
        vec products[LANES];
#pragma GCC unroll 16
        for (int c = 0; c < LANES; c++) {
            const float *key = keys + (block * LANES + c) * size;
            products[c] = q[0] * *(const vec *)key;
#pragma GCC unroll 4
            for (int i = 1; i < size / LANES; i++) products[c] += q[i] * *(const vec *)(key + i * LANES);
        }
        vec score = sums(products) * scale;
        if (bits != ~0u) score = pick(((int32_t)(bits >> (block * LANES)) & BIT) != 0, score, splat(-INFINITY));
        scores[block] = score;
        high = larger(high, score);
    }
    float before = row->highest, now = fmaxf(before, highest(high));
    if (now > before) {
        float less = expf(before - now);
        row->highest = now;
        row->sum *= less;
        for (int i = 0; i < size; i += LANES) *(vec *)(out + i) *= less;
    }
    float weights[CELLS];
    for (int block = 0; block < CELLS / LANES; block++) {
        vec w = weight(scores[block] - now);
        row->sum += w;
        *(vec *)(weights + block * LANES) = w;
    }
    vec sum[size / LANES];
    for (int i = 0; i < size / LANES; i++) sum[i] = *(vec *)(out + i * LANES);
#pragma GCC unroll 4
    for (int c = 0; c < CELLS; c++)
        for (int i = 0; i < size / LANES; i++) sum[i] += weights[c] * *(const vec *)(values + c * size + i * LANES);
    for (int i = 0; i < size / LANES; i++) *(vec *)(out + i * LANES) = sum[i];
}

/* Take a block of cells into LANES rows of the output, each of which sees those cells whose bits it has. */
INLINE void look_abreast(struct abreast *rows, const float *keys, const float *values, ivec bits, bool all, int size) {
    vec scores[CELLS], now = rows->highest;
    for (int block = 0; block < CELLS; block += SUMS) {
        vec sum[SUMS];
        for (int c = 0; c < SUMS; c++) sum[c] = splat(0);
        const float *key = keys + block * size;
        for (int i = 0; i < size; i++, key++) {
            vec query = rows->query[i];
#pragma GCC unroll 16
            for (int c = 0; c < SUMS; c++) sum[c] += query * key[c * size];
        }
        for (int c = 0; c < SUMS; c++) scores[block + c] = sum[c];
    }
    for (int c = 0; c < CELLS; c++) {
        if (!all) scores[c] = pick((bits >> c & 1) != 0, scores[c], splat(-INFINITY));
        now = larger(now, scores[c]);
    }
    vec base = larger(now, splat(-1e30f)); /* a row that sees nothing yet has no highest */
    vec less = weight(rows->highest - base);
    rows->highest = now;
    rows->sum *= less;
    for (int c = 0; c < CELLS; c++) rows->sum += scores[c] = weight(scores[c] - base);
    for (int block = 0; block < size; block += SUMS) {
        vec sum[SUMS];
        for (int i = 0; i < SUMS; i++) sum[i] = rows->out[block + i] * less;
        for (int c = 0; c < CELLS; c++)
#pragma GCC unroll 16
            for (int i = 0; i < SUMS; i++) sum[i] += scores[c] * values[c * size + block + i];
        for (int i = 0; i < SUMS; i++) rows->out[block + i] = sum[i];
    }
}

/* A row's output: what it saw alone and what it saw side by side with others. */
INLINE void finish(float *out, const struct row *row, const struct abreast *rows, int lane, int size) {
    float sum = 0, other = rows->used ? rows->highest[lane] : -INFINITY, high = fmaxf(row->highest, other);
    for (int i = 0; i < LANES; i++) sum += row->sum[i];
    float mine = high > -INFINITY ? expf(row->highest - high) : 0, theirs = high > -INFINITY ? expf(other - high) : 0;
    sum = sum * mine + (rows->used ? rows->sum[lane] * theirs : 0);
    const float share = sum ? 1 / sum : 0;
    for (int i = 0; i < size; i++) out[i] *= mine * share;
    if (rows->used)
        for (int i = 0; i < size; i++) out[i] += rows->out[i][lane] * (theirs * share);
}

struct item { /* of work: tokens from the first on and the query heads of one KV head */
    struct ggml_tensor *dst;
    int group, first, tokens, heads;
    float scale, *keys, *values; /* of a block of cells */
    struct row *rows;
    struct abreast *abreast; /* the same rows, LANES at a time */
};

INLINE float *out_of(const struct item *item, int row, int size) {
    const int64_t token = item->first + row / item->heads, head = item->group * item->heads + row % item->heads;
    return (float *)item->dst->data + (token * item->dst->src[0]->ne[2] + head) * size;
}

INLINE const float *query_of(const struct item *item, int row) {
    const struct ggml_tensor *q = item->dst->src[0];
    const int64_t token = item->first + row / item->heads, head = item->group * item->heads + row % item->heads;
    return (const float *)((const char *)q->data + token * q->nb[1] + head * q->nb[2]);
}

/* Nothing has been taken into the rows yet. */
INLINE void begin(const struct item *item, struct abreast *rows, int start, int end, int size) {
    rows->used = true;
    rows->highest = splat(-INFINITY);
    rows->sum = splat(0);
    for (int i = 0; i < size; i++) rows->out[i] = rows->query[i] = splat(0);
    for (int row = start; row < end; row++) {
        const float *query = query_of(item, row);
        for (int i = 0; i < size; i++) rows->query[i][row - start] = query[i] * item->scale;
    }
}

/* Take a block of cells into the rows of tokens from `from` until `to`, each of which sees those whose bits it has. */
INLINE void take(const struct item *item, const int32_t *cells, const uint32_t *bits, int from, int to, int size) {
    const struct ggml_tensor *k = item->dst->src[1], *v = item->dst->src[2];
    widen(item->keys, (const char *)k->data + item->group * k->nb[2], k->nb[1], cells, size);
    widen(item->values, (const char *)v->data + item->group * v->nb[2], v->nb[1], cells, size);
    const int count = item->tokens * item->heads;
    int token = from, head = 0;
    for (int row = from * item->heads; row < to * item->heads;) {
        const int bundle = row / LANES, start = bundle * LANES, end = start + LANES < count ? start + LANES : count;
        const int begun = row;
        ivec see = {0};
        int looking = 0;
        uint32_t all = row == start ? ~0u : 0;
        for (; row < end && token < to; row++) {
            see[row - start] = bits[token];
            looking += bits[token] != 0;
            all &= bits[token];
            if (++head == item->heads) head = 0, token++;
        }
        if (looking <= FEW) {
            for (int r = begun; looking && r < row; r++) {
                const uint32_t own = bits[r / item->heads];
                if (own)
                    look(&item->rows[r], out_of(item, r, size), query_of(item, r), item->keys, item->values, own,
                         item->scale, size);
            }
            continue;
        }
        struct abreast *rows = &item->abreast[bundle];
        if (!rows->used) begin(item, rows, start, end, size);
        look_abreast(rows, item->keys, item->values, see, all == ~0u && row == end, size);
    }
}

struct waiting { /* cells that few tokens see, until there are enough */
    bool alike; /* to the token before, whose cells these are too */
    int count;
    int32_t cells[2 * CELLS];
};

/* Tokens that no longer see the same cells wait alone from here on. */
INLINE void part(struct waiting *waiting, const uint32_t *bits, int tokens) {
    for (int t = tokens - 1; t > 0; t--) {
        if (!waiting[t].alike || bits[t] == bits[t - 1]) continue;
        int first = t - 1;
        while (waiting[first].alike) first--;
        waiting[t] = waiting[first];
        waiting[t].alike = false;
    }
}

/* The first token after this one that waits for cells of its own. */
INLINE int until(const struct waiting *waiting, int token, int tokens) {
    do token++;
    while (token < tokens && waiting[token].alike);
    return token;
}

/* A work item: tokens [first, last) and the query heads of one KV head. */
INLINE void attend(struct ggml_tensor *dst, int group, int first, int last, int size) {
    const struct ggml_tensor *q = dst->src[0], *k = dst->src[1], *mask = dst->src[3];
    const int heads = q->ne[2] / k->ne[2], tokens = last - first, count = tokens * heads;
    const int bundles = (count - 1) / LANES + 1;
    struct row rows[count];
    struct abreast abreast[bundles];
    vec queries[bundles * size] __attribute__((aligned(64))), outs[bundles * size] __attribute__((aligned(64)));
    float keys[CELLS * size] __attribute__((aligned(64))), values[CELLS * size] __attribute__((aligned(64)));
    struct waiting waiting[tokens];
    uint32_t bits[tokens], every[tokens];
    struct item item = {dst, group, first, tokens, heads, 0, keys, values, rows, abreast};
    memcpy(&item.scale, dst->op_params, sizeof item.scale);

    for (int row = 0; row < count; row++) {
        rows[row] = (struct row){-INFINITY, splat(0)};
        memset(out_of(&item, row, size), 0, size * sizeof(float));
    }
    for (int b = 0; b < bundles; b++) {
        abreast[b].used = false;
        abreast[b].query = queries + b * size;
        abreast[b].out = outs + b * size;
    }
    for (int t = 0; t < tokens; t++) waiting[t].alike = t, waiting[t].count = 0, every[t] = ~0u;
    for (int64_t cell = 0; cell < k->ne[1]; cell += CELLS) {
        int lookers = 0, pairs = 0;
        for (int t = 0; t < tokens; t++) {
            const half *row = mask ? (const half *)((const char *)mask->data + (first + t) * mask->nb[1]) : NULL;
            bits[t] = seen(row, cell, k->ne[1]);
            lookers += bits[t] != 0;
            pairs += __builtin_popcount(bits[t]);
        }
        if (!lookers) continue;
        if (2 * pairs >= lookers * CELLS) {
            int32_t cells[CELLS];
            for (int c = 0; c < CELLS; c++) cells[c] = cell + c < k->ne[1] ? cell + c : cell;
            take(&item, cells, bits, 0, tokens, size);
            continue;
        }
        part(waiting, bits, tokens);
        for (int t = 0, next; t < tokens; t = next) {
            struct waiting *own = &waiting[t];
            next = until(waiting, t, tokens);
            for (uint32_t b = bits[t]; b; b &= b - 1) own->cells[own->count++] = cell + __builtin_ctz(b);
            if (own->count < CELLS) continue;
            take(&item, own->cells, every, t, next, size);
            own->count -= CELLS;
            memcpy(own->cells, own->cells + CELLS, CELLS * sizeof(int32_t));
        }
    }
    for (int t = 0, next; t < tokens; t = next) {
        struct waiting *own = &waiting[t];
        next = until(waiting, t, tokens);
        if (!own->count) continue;
        for (int c = own->count; c < CELLS; c++) own->cells[c] = own->cells[0];
        for (int i = t; i < next; i++) bits[i] = (1u << own->count) - 1;
        take(&item, own->cells, bits, t, next, size);
    }
    for (int row = 0; row < count; row++)
        finish(out_of(&item, row, size), &rows[row], &abreast[row / LANES], row % LANES, size);
}

static void attend_64(struct ggml_tensor *dst, int group, int first, int last) { attend(dst, group, first, last, 64); }
static void attend_128(struct ggml_tensor *dst, int group, int first, int last) { attend(dst, group, first, last, 128); }
static void attend_256(struct ggml_tensor *dst, int group, int first, int last) { attend(dst, group, first, last, 256); }

typedef void work(struct ggml_tensor *, int group, int first, int last);

/* What attends with heads of that size, unrolled for it; NULL for another than those of most models. */
static work *of_size(int64_t size) {
    return size == 64 ? attend_64 : size == 128 ? attend_128 : size == 256 ? attend_256 : NULL;
}

/* Whether all is as it is in most models: heads of one of three sizes, no ALiBi, no cap, no sinks, one stream. */
static bool handled(const struct ggml_tensor *dst) {
    const struct ggml_tensor *q = dst->src[0], *k = dst->src[1], *v = dst->src[2], *mask = dst->src[3];
    float scale_bias_cap[3];
    memcpy(scale_bias_cap, dst->op_params, sizeof scale_bias_cap);
    return q->type == GGML_TYPE_F32 && k->type == GGML_TYPE_F16 && v->type == GGML_TYPE_F16 && !dst->src[4] &&
           scale_bias_cap[1] == 0 && scale_bias_cap[2] == 0 && q->ne[3] == 1 && k->ne[3] == 1 &&
           q->ne[0] == k->ne[0] && k->ne[0] == v->ne[0] && k->ne[2] == v->ne[2] &&
           of_size(q->ne[0]) && k->nb[0] == 2 && v->nb[0] == 2 &&
           (!mask || (mask->type == GGML_TYPE_F16 && mask->ne[2] == 1 && mask->ne[3] == 1));
}

void ggml_compute_forward_flash_attn_ext(const struct ggml_compute_params *params, struct ggml_tensor *dst) {
    if (!concierge_attention || !handled(dst)) {
        ggml(params, dst);
        return;
    }
    const struct ggml_tensor *q = dst->src[0], *k = dst->src[1];
    const int groups = k->ne[2], tokens = q->ne[1];
    int even = 1; /* chunks of the tokens that share out evenly; few, as each goes over all cells */
    while (groups * even % params->threads) even++;
    const int chunks = ((tokens - 1) / TOKENS / even + 1) * even, size = (tokens - 1) / chunks + 1;
    work *attend = of_size(q->ne[0]);

    if (params->thread == 0) {
        concierge_attention_calls++;
        ggml_threadpool_chunk_set(params->pool, params->threads);
    }
    ggml_barrier(params->pool);
    for (int item = params->thread; item < groups * chunks; item = ggml_threadpool_chunk_add(params->pool, 1)) {
        int first = item / groups * size, last = first + size < tokens ? first + size : tokens;
        if (first < last) attend(dst, item % groups, first, last);
    }
}
