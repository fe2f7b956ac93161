/* ggml's barrier, where the threads of a step wait for one another some hundreds of times. ggml's own spins until the
   last one comes. If that one has lost its core to somebody else's work, the spinning keeps it from the core that is
   left, for as long as the kernel lets anyone run. So here whoever waits in vain sleeps, and its core is free. It wakes
   later than it would go on spinning, which is why it spins first: for long, while that is rarely in vain. (How long the
   sleep lasted does not tell whether a core was lost: often the one that is free now has ended it.) */

#include "kernels.h"
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    PATIENT = 20000, /* spins, of 10 to 50 ns: longer than threads wait that have a core each, but for long prompts */
    HURRIED = 50,
    WHILE = 100, /* waits that are hurried after one in vain */
    THREADS = 0xffff,
};

bool concierge_barrier = true;
long concierge_barrier_calls = 0;

struct pool { /* the beginning of ggml_threadpool */
    pthread_mutex_t mutex;
    pthread_cond_t condition;
    void *graph, *plan;
    atomic_int threads; /* in its lower half */
    _Alignas(64) atomic_int arrived;
    _Alignas(64) atomic_int passed;
};

static atomic_int hurried, sleepers; /* waits to come that are; threads, of all pools */

static long futex(atomic_int *word, int operation, int value) {
    return syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
}

static void await(struct pool *pool, int passed) {
    const int left = atomic_load_explicit(&hurried, memory_order_relaxed);
    const int spins = left ? HURRIED : PATIENT;
    if (left) atomic_store_explicit(&hurried, left - 1, memory_order_relaxed);
    for (int i = 0; i < spins || !concierge_barrier; i++) {
        if (atomic_load_explicit(&pool->passed, memory_order_acquire) != passed) return;
        RELAX();
    }
    if (!left) atomic_store_explicit(&hurried, WHILE, memory_order_relaxed);
    atomic_fetch_add(&sleepers, 1);
    while (atomic_load(&pool->passed) == passed) futex(&pool->passed, FUTEX_WAIT, passed);
    atomic_fetch_sub(&sleepers, 1);
}

void ggml_barrier(struct ggml_threadpool *of) {
    struct pool *pool = (struct pool *)of;
    const int threads = atomic_load_explicit(&pool->threads, memory_order_relaxed) & THREADS;
    if (threads == 1) return;
    const int passed = atomic_load_explicit(&pool->passed, memory_order_relaxed);
    if (atomic_fetch_add(&pool->arrived, 1) < threads - 1) {
        await(pool, passed);
        return;
    }
    concierge_barrier_calls++;
    atomic_store_explicit(&pool->arrived, 0, memory_order_relaxed);
    atomic_fetch_add(&pool->passed, 1);
    /* Whoever is about to sleep has said so before it looks at `passed` once more: either is seen. */
    if (atomic_load(&sleepers)) futex(&pool->passed, FUTEX_WAKE, INT_MAX);
}
