/* What the parts of the GSM kernel share among themselves. */
#ifndef KERNEL_GSM_INNER_H
#define KERNEL_GSM_INNER_H

#include "kernel_gsm.h"

/* The fast ways are compiled for their instruction set function by function, and chosen
   when the program runs: the rest stays at what every x86-64 has. */
#if (defined(__x86_64__) || defined(__i386__)) && defined(__GNUC__)
#define GSM_X86 1
#include <immintrin.h>
#define GSM_TARGET(name) __attribute__((target(name)))
#else
#define GSM_X86 0
#endif

static inline int16_t hama_gsm_clamp(int32_t value)
{
    return (int16_t)(value > 32767 ? 32767 : value < -32768 ? -32768 : value);
}

/* Clause 5.1: the rounded product of two fractions.  One factor is always a coefficient,
   and none of them is -32768, so that it fits in 16 bits and equals pmulhrsw. */
static inline int32_t hama_gsm_mult_r(int32_t a, int32_t b)
{
    return (a * b + 16384) >> 15;
}

void hama_gsm_coefficients(const int16_t old[8], const int16_t new[8], int16_t sets[4][8]);

/* A frame arrives or is lost: the bytes to be decoded, or NULL if the decoder stays at
   home and says so.  hama_gsm_depart() is due once they are decoded, and returns whether
   the decoder went home. */
const uint8_t *hama_gsm_arrive(hama_gsm_decoder *decoder, const uint8_t *frame, int lost);
int hama_gsm_depart(hama_gsm_decoder *decoder);
void hama_gsm_at_home(int16_t *out);

/* The decoded log area ratios of a frame. */
void hama_gsm_lars(const uint8_t *frame, int16_t lars[8]);
/* A subframe's gain and pulses on their grid; returns the lag that holds. */
int hama_gsm_subframe(const uint8_t *frame, int subframe, int lag, int *gain,
                      int16_t pulses[GSM_SUBFRAME_SAMPLES]);
/* The excitation of a frame, behind the history; hama_gsm_forget() moves on when it is used. */
void hama_gsm_excite_ssse3(hama_gsm_decoder *decoder, const uint8_t *frame);
void hama_gsm_forget(hama_gsm_decoder *decoder);

void hama_gsm_decode_one(hama_gsm_decoder *decoder, const uint8_t *frame, int lost, int16_t *out);

#endif
