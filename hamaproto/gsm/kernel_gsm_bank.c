/* Many streams at a time: in groups as wide as a register, and one by one what is left.

   kernel_gsm_lanes_decode.h and kernel_gsm_lanes_encode.h say how a group is done.
*/
#include "kernel_gsm_inner.h"

#include <string.h>

/* Fewer streams than this are faster one by one. */
enum { FEW = 3 };

/* How to take the next of so many streams that are left; NULL for one by one. */
static const hama_gsm_lanes *group(size_t left)
{
    if (left <= FEW)
        return NULL;
#if GSM_X86
    if (hama_gsm_way() >= GSM_AVX512 && left > 16)
        return &hama_gsm_thirty_two;
    if (hama_gsm_way() >= GSM_AVX2)
        return &hama_gsm_sixteen;
#endif
#if GSM_VECTORS
    if (hama_gsm_way() > GSM_PORTABLE)
        return &hama_gsm_eight;
#endif
    return NULL;
}

void hama_gsm_bank_decode(hama_gsm_decoder *decoders, size_t streams, const uint8_t *frames,
                          size_t count, const uint8_t *lost, const uint8_t *idle, int16_t *out)
{
    const hama_gsm_lanes *wide;
    size_t done = 0;
    while ((wide = group(streams - done)) != NULL) {
        size_t some = streams - done < wide->lanes ? streams - done : wide->lanes;
        size_t at = done * count;
        wide->decode(decoders + done, some, frames + GSM_FRAME_BYTES * at, count,
                     lost ? lost + at : NULL, idle ? idle + at : NULL,
                     out + GSM_FRAME_SAMPLES * at);
        done += some;
    }
    for (; done < streams; done++)
        for (size_t i = 0; i < count; i++) {
            size_t at = done * count + i;
            if (idle && idle[at])
                memset(out + GSM_FRAME_SAMPLES * at, 0, GSM_FRAME_SAMPLES * sizeof *out);
            else
                hama_gsm_decode_one(&decoders[done], frames + GSM_FRAME_BYTES * at,
                                    lost && lost[at], out + GSM_FRAME_SAMPLES * at);
        }
}

void hama_gsm_bank_encode(hama_gsm_encoder *encoders, size_t streams, const int16_t *samples,
                          size_t count, const uint8_t *idle, uint8_t *frames)
{
    const hama_gsm_lanes *wide;
    size_t done = 0;
    while ((wide = group(streams - done)) != NULL) {
        size_t some = streams - done < wide->lanes ? streams - done : wide->lanes;
        size_t at = done * count;
        wide->encode(encoders + done, some, samples + GSM_FRAME_SAMPLES * at, count,
                     idle ? idle + at : NULL, frames + GSM_FRAME_BYTES * at);
        done += some;
    }
    for (; done < streams; done++)
        for (size_t i = 0; i < count; i++) {
            size_t at = done * count + i;
            if (idle && idle[at])
                memset(frames + GSM_FRAME_BYTES * at, 0, GSM_FRAME_BYTES);
            else
                hama_gsm_encode(&encoders[done], samples + GSM_FRAME_SAMPLES * at, 1,
                                frames + GSM_FRAME_BYTES * at);
        }
}
