/* Where the k largest logits are. llama.cpp's top-k writes down every token of the vocabulary, which takes longer than
   all else that a sampled token needs. Here its logits are read once: of the maxima of any k or more groups the k-th
   largest is no larger than the k-th largest of all, and few other logits are as large. */

#include "kernels.h"

enum { GROUP = 64 }; /* tokens; its first is followed by every `groups`-th, so that maxima are taken side by side */

struct candidate { /* llama_token_data */
    int32_t token;
    float logit, chance;
};

/* Keep `value` if it is one of the k largest so far, which are in order. */
static void rank(float *best, int k, float value) {
    int at = k - 1;
    if (value <= best[at]) return;
    for (; at > 0 && value > best[at - 1]; at--) best[at] = best[at - 1];
    best[at] = value;
}

/* Write the tokens of the k largest logits to `kept`, and few others; it has room for all `count`. Returns how many, 0
   where the vocabulary has too few groups or a logit is no number. */
int concierge_largest(const float *logits, int count, int k, struct candidate *kept) {
    const int groups = count / GROUP;
    if (k < 1 || k > groups) return 0;
    float maxima[groups], best[k];
    memcpy(maxima, logits, sizeof maxima);
    for (int i = 1; i < GROUP; i++) {
        const float *row = logits + (size_t)i * groups;
        for (int g = 0; g < groups; g++) maxima[g] = row[g] > maxima[g] ? row[g] : maxima[g];
    }
    for (int i = 0; i < k; i++) best[i] = -INFINITY;
    for (int g = 0; g < groups; g++) rank(best, k, maxima[g]);

    int found = 0;
#define TAKE(token) \
    if (logits[token] >= best[k - 1]) kept[found++] = (struct candidate){token, logits[token], 0}
    for (int g = 0; g < groups; g++)
        if (maxima[g] >= best[k - 1])
            for (int i = 0; i < GROUP; i++) TAKE(i * groups + g);
    for (int token = groups * GROUP; token < count; token++) TAKE(token);
#undef TAKE
    return found;
}
