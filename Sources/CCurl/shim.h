// What the Curl module uses of libcurl. `curl_easy_setopt` is variadic, which Swift cannot call, so
// each type of argument has a function of its own.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

static inline CURLcode slipway_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode slipway_curl_set_offset(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode slipway_curl_set_string(
    CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

// For bytes, lists, buffers and the contexts of callbacks.
static inline CURLcode slipway_curl_set_pointer(
    CURL *handle, CURLoption option, const void *value) {
    return curl_easy_setopt(handle, option, value);
}

// For bodies, headers and, with the roles turned round, for reading: the three types are one.
static inline CURLcode slipway_curl_set_callback(
    CURL *handle, CURLoption option, curl_write_callback value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode slipway_curl_get_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}
