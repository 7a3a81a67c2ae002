/* The banks with 32 streams in the lanes of a register: AVX-512. */
#include "kernel_gsm_inner.h"

#if GSM_X86
#include "kernel_gsm_avx512.h"

#include "kernel_gsm_lanes.h"

const hama_gsm_lanes hama_gsm_thirty_two = {LANES, decode_lanes, encode_lanes};
#endif
