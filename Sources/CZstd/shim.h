// What the Codecs module uses of libzstd.
#include <zstd.h>
#include <zstd_errors.h>
