/* What the parts of the GSM kernel share among themselves. */
#ifndef KERNEL_GSM_INNER_H
#define KERNEL_GSM_INNER_H

#include "kernel_gsm.h"

/* The fast ways are compiled for their instruction set function by function, and chosen
   when the program runs: the rest stays at what every x86-64 has. */
#if (defined(__x86_64__) || defined(__i386__)) && defined(__GNUC__)
#define GSM_X86 1
#define GSM_NEON 0
#include <immintrin.h>
#define GSM_TARGET(name) __attribute__((target(name)))
/* Not to be put into its caller. */
#define GSM_ALONE __attribute__((noinline))
#elif defined(__aarch64__) && defined(__ARM_NEON) && defined(__GNUC__) && \
    __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
/* Every such processor has it. */
#define GSM_X86 0
#define GSM_NEON 1
#include <arm_neon.h>
#define GSM_ALONE __attribute__((noinline))
#else
#define GSM_X86 0
#define GSM_NEON 0
#endif
/* `vector` is in a register here, made by what stands before and by nothing else.  GCC would
   put sums together in another order and read ahead until it runs out of registers, and its
   sums go to memory; that costs more than it gives. */
#if GSM_X86
#define GSM_HOLD(vector) __asm__("" : "+v"(vector))
#elif GSM_NEON
#define GSM_HOLD(vector) __asm__("" : "+w"(vector))
#endif
/* Whether there are registers of eight numbers, in the words of kernel_gsm_words.h. */
#define GSM_VECTORS (GSM_X86 || GSM_NEON)

static inline int16_t hama_gsm_clamp(int32_t value)
{
    return (int16_t)(value > 32767 ? 32767 : value < -32768 ? -32768 : value);
}

/* Clause 5.1: the rounded product of two fractions.  One factor is always a coefficient,
   and none of them is -32768, so that it fits in 16 bits and equals pmulhrsw (-32768 for
   that one pair) and vqrdmulh (32767). */
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
void hama_gsm_excite(hama_gsm_decoder *decoder, const uint8_t *frame);
void hama_gsm_forget(hama_gsm_decoder *decoder);

/* The banks with as many streams as a register has lanes; as hama_gsm_bank_decode() and
   hama_gsm_bank_encode(), for at most so many streams. */
typedef struct {
    size_t lanes;
    void (*decode)(hama_gsm_decoder *decoders, size_t streams, const uint8_t *frames,
                   size_t count, const uint8_t *lost, const uint8_t *idle, int16_t *out);
    void (*encode)(hama_gsm_encoder *encoders, size_t streams, const int16_t *samples,
                   size_t count, const uint8_t *idle, uint8_t *frames);
} hama_gsm_lanes;

#if GSM_VECTORS
extern const hama_gsm_lanes hama_gsm_eight;
#endif
#if GSM_X86
extern const hama_gsm_lanes hama_gsm_sixteen;
extern const hama_gsm_lanes hama_gsm_thirty_two;
#endif

static inline void hama_gsm_store_be64(uint8_t *p, uint64_t bits)
{
    p[0] = (uint8_t)(bits >> 56);
    p[1] = (uint8_t)(bits >> 48);
    p[2] = (uint8_t)(bits >> 40);
    p[3] = (uint8_t)(bits >> 32);
    p[4] = (uint8_t)(bits >> 24);
    p[5] = (uint8_t)(bits >> 16);
    p[6] = (uint8_t)(bits >> 8);
    p[7] = (uint8_t)bits;
}

void hama_gsm_decode_one(hama_gsm_decoder *decoder, const uint8_t *frame, int lost, int16_t *out);

#endif
