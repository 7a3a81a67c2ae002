/* libgsm in a C loop, the fairest form of it: best of so many rounds over one buffer.
   Compiled by bench/gsm.py where gcc and gsm.h are to be had. */
#define _POSIX_C_SOURCE 199309L
#include <gsm/gsm.h>
#include <stddef.h>
#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e9 + t.tv_nsec;
}

/* ns a frame; decode if `encode` is 0. */
double run(int encode, unsigned char *frames, short *samples, size_t count, int rounds)
{
    double best = 1e300;
    for (int round = 0; round < rounds; round++) {
        gsm codec = gsm_create();
        double start = now();
        for (size_t i = 0; i < count; i++) {
            if (encode)
                gsm_encode(codec, samples + 160 * i, frames + 33 * i);
            else
                gsm_decode(codec, frames + 33 * i, samples + 160 * i);
        }
        double taken = (now() - start) / count;
        best = taken < best ? taken : best;
        gsm_destroy(codec);
    }
    return best;
}
