/* GSM 06.10 in C: what the compiled twin calls.

   A frame is 33 bytes and 160 samples.  Nothing here allocates, keeps a global state
   (but for tables that are filled once, and the choice of the instruction set), or knows
   of Python; a codec belongs to one thread at a time.  Results are those of the pure
   Python twin to the bit, for any input at all.
*/
#ifndef KERNEL_GSM_H
#define KERNEL_GSM_H

#include <stddef.h>
#include <stdint.h>

enum { GSM_BYTES = 33, GSM_SAMPLES = 160, GSM_HISTORY = 120, GSM_LANES = 16 };

/* What a decoder does with a frame that does not begin with 0xD. */
enum { GSM_RAISE = 0, GSM_CONCEAL = 1, GSM_DECODE = 2 };

typedef struct {
    /* The excitation: the last 120 samples, then room for a frame's, then some that are
       read by whole registers and not used. */
    int16_t excitation[GSM_HISTORY + GSM_SAMPLES + 8];
    int16_t lattice[8];
    int16_t lars[8];
    int16_t emphasis;
    int16_t lag;
    uint8_t home;
    uint8_t homing;
    uint8_t policy;
    /* Concealment: the frame that a substitute is made of, if there is one. */
    uint8_t has_last;
    uint8_t last[GSM_BYTES];
    uint32_t lost;
    uint32_t seed;
    uint32_t random;
} hama_gsm_decoder;

typedef struct {
    int16_t excitation[GSM_HISTORY + GSM_SAMPLES];
    int16_t lattice[8];
    int16_t lars[8];
    int32_t offset_in;
    int32_t offset_out;
    int32_t preemphasis;
    uint8_t homing;
} hama_gsm_encoder;

/* The ways to compute, slowest first; each needs more of the machine. */
enum { GSM_PORTABLE = 0, GSM_SSSE3 = 1, GSM_AVX2 = 2 };

/* Fill the tables and choose the fastest way.  To be called once, before all else. */
void hama_gsm_prepare(void);
/* The way in use; hama_gsm_use() takes another one if the machine has it, for tests, and
   returns the one that is then in use. */
int hama_gsm_way(void);
int hama_gsm_use(int way);

void hama_gsm_decoder_init(hama_gsm_decoder *decoder, int homing, int policy, uint32_t seed);
void hama_gsm_decoder_reset(hama_gsm_decoder *decoder);
void hama_gsm_decode(hama_gsm_decoder *decoder, const uint8_t *frames, size_t count, int16_t *out);
void hama_gsm_conceal(hama_gsm_decoder *decoder, int16_t *out);

/* frames[streams][count][33] to out[streams][count * 160]; lost and idle [streams][count]
   may be NULL. */
void hama_gsm_bank_decode(hama_gsm_decoder *decoders, size_t streams, const uint8_t *frames, size_t count,
                     const uint8_t *lost, const uint8_t *idle, int16_t *out);

void hama_gsm_encoder_init(hama_gsm_encoder *encoder, int homing);
void hama_gsm_encoder_reset(hama_gsm_encoder *encoder);
void hama_gsm_encode(hama_gsm_encoder *encoder, const int16_t *samples, size_t count, uint8_t *frames);

#endif
