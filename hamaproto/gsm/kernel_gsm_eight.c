/* The banks with eight streams in the lanes of a register: SSSE3 or NEON. */
#include "kernel_gsm_inner.h"

#if GSM_VECTORS
#include "kernel_gsm_words.h"

#include "kernel_gsm_lanes.h"

const hama_gsm_lanes hama_gsm_eight = {LANES, decode_lanes, encode_lanes};
#endif
