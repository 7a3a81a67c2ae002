/* GSM 06.10 in C: what the compiled twin calls.

   The numbers of the standard come from gsm/tables.py (see setup.py).  Nothing here
   allocates, keeps a global state (but for the choice of the instruction set), or knows of
   Python; a codec belongs to one thread at a time.  Results are those of the pure
   Python twin to the bit, for any input at all.
*/
#ifndef KERNEL_GSM_H
#define KERNEL_GSM_H

#include "kernel_gsm_tables.h"

#include <stddef.h>
#include <stdint.h>

/* What a decoder does with a frame that does not begin with GSM_MAGIC. */
enum { GSM_RAISE = 0, GSM_CONCEAL = 1, GSM_DECODE = 2 };

typedef struct {
    /* The excitation: the past that a lag can reach, then room for a frame's, then some
       that are read by whole registers and not used. */
    int16_t excitation[GSM_LONGEST_LAG + GSM_FRAME_SAMPLES + 8];
    int16_t lattice[8];
    int16_t lars[8];
    int16_t emphasis;
    int16_t lag;
    uint8_t home;
    uint8_t homing;
    uint8_t policy;
    /* Concealment: the frame that a substitute is made of, if there is one. */
    uint8_t has_last;
    uint8_t last[GSM_FRAME_BYTES];
    uint32_t lost;
    uint32_t seed;
    uint32_t random;
} hama_gsm_decoder;

typedef struct {
    /* The past that a lag can reach, room for a frame's excitation, then some that whole
       registers write and nobody reads. */
    int16_t excitation[GSM_LONGEST_LAG + GSM_FRAME_SAMPLES + 24];
    int16_t lattice[8];
    int16_t lars[8];
    int32_t offset_in;
    int32_t offset_out;
    int32_t preemphasis;
    uint8_t homing;
} hama_gsm_encoder;

/* The ways to compute, slowest first; a processor has the first and some of the others. */
enum { GSM_PORTABLE = 0, GSM_NEON_WAY = 1, GSM_SSSE3 = 2, GSM_AVX2 = 3, GSM_AVX512 = 4, GSM_BEST = GSM_AVX512 };

/* The way in use; hama_gsm_use() takes another one, or the nearest below that the machine
   has, and returns the one that is then in use.  To be called once, before all else. */
int hama_gsm_way(void);
int hama_gsm_use(int way);

void hama_gsm_decoder_init(hama_gsm_decoder *decoder, int homing, int policy, uint32_t seed);
void hama_gsm_decoder_reset(hama_gsm_decoder *decoder);
void hama_gsm_decode(hama_gsm_decoder *decoder, const uint8_t *frames, size_t count, int16_t *out);
void hama_gsm_conceal(hama_gsm_decoder *decoder, int16_t *out);

/* frames[streams][count][33] to out[streams][count * 160]; lost and idle [streams][count]
   may be NULL. */
void hama_gsm_bank_decode(hama_gsm_decoder *decoders, size_t streams, const uint8_t *frames,
                          size_t count, const uint8_t *lost, const uint8_t *idle, int16_t *out);

void hama_gsm_encoder_init(hama_gsm_encoder *encoder, int homing);
void hama_gsm_encoder_reset(hama_gsm_encoder *encoder);
void hama_gsm_encode(hama_gsm_encoder *encoder, const int16_t *samples, size_t count,
                     uint8_t *frames);

/* samples[streams][count * 160] to frames[streams][count][33]; idle [streams][count] may be
   NULL. */
void hama_gsm_bank_encode(hama_gsm_encoder *encoders, size_t streams, const int16_t *samples,
                          size_t count, const uint8_t *idle, uint8_t *frames);

#endif
