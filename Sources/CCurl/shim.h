// What the Curl module uses of libcurl. `curl_easy_setopt` is variadic, which Swift cannot call, so
// each type of argument has a function of its own.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

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

// Whether a connection may go to the address of 4 or 16 bytes.
typedef int (*slipway_address_check)(int count, const unsigned char *bytes);

// Asked for each address before anything is sent to it, so no name can lead elsewhere afterwards.
static inline curl_socket_t slipway_curl_open_socket(
    void *check, curlsocktype purpose, struct curl_sockaddr *address) {
    const unsigned char *bytes = (const unsigned char *)&address->addr;
    int count = 0;
    (void)purpose;
    if (address->family == AF_INET) {
        count = 4;
        bytes += offsetof(struct sockaddr_in, sin_addr);
    } else if (address->family == AF_INET6) {
        count = 16;
        bytes += offsetof(struct sockaddr_in6, sin6_addr);
    }
    if (count == 0 || !((slipway_address_check)check)(count, bytes)) return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static inline CURLcode slipway_curl_check_addresses(CURL *handle, slipway_address_check check) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, slipway_curl_open_socket);
    return code != CURLE_OK
        ? code : curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, (void *)check);
}
