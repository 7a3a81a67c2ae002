/* libgsm in a C loop, the fairest form of it.
   Compiled by bench/peers/libgsm.py where gcc and gsm.h are to be had. */
#include <gsm/gsm.h>
#include <stddef.h>

/* Decodes if `encode` is 0. */
void run(int encode, unsigned char *frames, short *samples, size_t count)
{
    gsm codec = gsm_create();
    for (size_t i = 0; i < count; i++) {
        if (encode)
            gsm_encode(codec, samples + 160 * i, frames + 33 * i);
        else
            gsm_decode(codec, frames + 33 * i, samples + 160 * i);
    }
    gsm_destroy(codec);
}
