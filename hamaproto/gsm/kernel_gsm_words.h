/* The words for eight numbers of 16 bits, as this processor has them. */
#ifndef KERNEL_GSM_WORDS_H
#define KERNEL_GSM_WORDS_H

#include "kernel_gsm_inner.h"

#if GSM_X86
#include "kernel_gsm_ssse3.h"
#elif GSM_NEON
#include "kernel_gsm_neon.h"
#endif

#if GSM_VECTORS

/* Turn a square of samples by 90 degrees: from LANES places of LANES samples to rows.
   Three shuffles of a half with the other half bring each sample to its place. */
FN void turn(const int16_t *const from[LANES], V to[LANES])
{
    V a[LANES];
    for (int i = 0; i < LANES; i++)
        to[i] = load(from[i]);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < LANES; i++)
            a[i] = to[i];
        for (int i = 0; i < LANES / 2; i++) {
            to[2 * i] = shuffle_low(a[i], a[i + LANES / 2]);
            to[2 * i + 1] = shuffle_high(a[i], a[i + LANES / 2]);
        }
    }
}

#endif

#endif
