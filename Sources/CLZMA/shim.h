// What the Codecs module uses of liblzma. The initial value of a stream and the flags are macros that
// Swift does not import; all fields of a new stream are zero.
#include <lzma.h>
#include <string.h>

static inline void slipway_lzma_clear(lzma_stream *stream) {
    memset(stream, 0, sizeof *stream);
}

// Files of several streams are one image: several compressors at once write such.
static const uint32_t slipway_lzma_flags = LZMA_CONCATENATED;
