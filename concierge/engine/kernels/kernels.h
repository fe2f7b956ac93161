/* What the kernels have in common: the insides of ggml's CPU backend that they stand in. */

#pragma once
#define _GNU_SOURCE
#include <dlfcn.h>
#include <ggml.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

#if defined(__x86_64__)
#define RELAX() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define RELAX() __asm__ volatile("isb" ::: "memory") /* yield takes no time */
#else
#define RELAX()
#endif

typedef uint16_t half;

struct ggml_compute_params { /* the beginning of ggml's own */
    int thread, threads;
    size_t scratch_size;
    void *scratch;
    struct ggml_threadpool *pool;
};
typedef void operation(const struct ggml_compute_params *, struct ggml_tensor *);

void ggml_barrier(struct ggml_threadpool *);
void ggml_threadpool_chunk_set(struct ggml_threadpool *, int);
int ggml_threadpool_chunk_add(struct ggml_threadpool *, int);
