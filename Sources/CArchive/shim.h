// What the Archives module uses of libarchive. The library is loaded when the first archive comes and
// not with the program: it brings a dozen others along, for which an agent that installs raw images
// has no memory to spare. So nothing is linked, and the few functions are declared here, as libarchive
// 3's archive.h and archive_entry.h have them (soname 13, whose interface is stable).
#include <dlfcn.h>
#include <locale.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

typedef ssize_t slipway_archive_read_callback(void *archive, void *context, const void **buffer);

typedef struct {
    void *(*read_new)(void);
    int (*read_free)(void *archive);
    int (*support_filter_gzip)(void *archive);
    int (*support_filter_xz)(void *archive);
    int (*support_filter_zstd)(void *archive);
    int (*support_format_tar)(void *archive);
    int (*read_open)(
        void *archive, void *context, int (*open)(void *, void *),
        slipway_archive_read_callback *read, int (*close)(void *, void *));
    int (*read_next_header)(void *archive, void **entry);
    ssize_t (*read_data)(void *archive, void *buffer, size_t size);
    const char *(*error_string)(void *archive);
    const char *(*entry_pathname_utf8)(void *entry);
    const char *(*entry_pathname)(void *entry);
    const char *(*entry_symlink_utf8)(void *entry);
    const char *(*entry_symlink)(void *entry);
    const char *(*entry_hardlink_utf8)(void *entry);
    const char *(*entry_hardlink)(void *entry);
    mode_t (*entry_filetype)(void *entry);
    mode_t (*entry_perm)(void *entry);
    int64_t (*entry_size)(void *entry);
} slipway_archive_functions;

enum { SLIPWAY_ARCHIVE_EOF = 1, SLIPWAY_ARCHIVE_OK = 0, SLIPWAY_ARCHIVE_WARN = -20 };

// Takes the address of one function; 0 when the library does not have it.
static inline int slipway_archive_take(void *library, const char *name, void *place) {
    void *address = dlsym(library, name);
    memcpy(place, &address, sizeof address);
    return address != NULL;
}

// The library turns names into the thread's character set, and those of archives are UTF-8. Where the
// machine has no such locale, names that are not ASCII are refused.
static inline void slipway_archive_use_utf8(void) {
    static locale_t utf8;
    if (utf8 == (locale_t)0) utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (utf8 != (locale_t)0) uselocale(utf8);
}

// Loads the library, once for the life of the process; 0 when there is none or it is another.
static inline int slipway_archive_load(slipway_archive_functions *f) {
    slipway_archive_use_utf8();
    void *library = dlopen("libarchive.so.13", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return 0;
    return slipway_archive_take(library, "archive_read_new", &f->read_new)
        && slipway_archive_take(library, "archive_read_free", &f->read_free)
        && slipway_archive_take(
            library, "archive_read_support_filter_gzip", &f->support_filter_gzip)
        && slipway_archive_take(library, "archive_read_support_filter_xz", &f->support_filter_xz)
        && slipway_archive_take(
            library, "archive_read_support_filter_zstd", &f->support_filter_zstd)
        && slipway_archive_take(library, "archive_read_support_format_tar", &f->support_format_tar)
        && slipway_archive_take(library, "archive_read_open", &f->read_open)
        && slipway_archive_take(library, "archive_read_next_header", &f->read_next_header)
        && slipway_archive_take(library, "archive_read_data", &f->read_data)
        && slipway_archive_take(library, "archive_error_string", &f->error_string)
        && slipway_archive_take(library, "archive_entry_pathname_utf8", &f->entry_pathname_utf8)
        && slipway_archive_take(library, "archive_entry_pathname", &f->entry_pathname)
        && slipway_archive_take(library, "archive_entry_symlink_utf8", &f->entry_symlink_utf8)
        && slipway_archive_take(library, "archive_entry_symlink", &f->entry_symlink)
        && slipway_archive_take(library, "archive_entry_hardlink_utf8", &f->entry_hardlink_utf8)
        && slipway_archive_take(library, "archive_entry_hardlink", &f->entry_hardlink)
        && slipway_archive_take(library, "archive_entry_filetype", &f->entry_filetype)
        && slipway_archive_take(library, "archive_entry_perm", &f->entry_perm)
        && slipway_archive_take(library, "archive_entry_size", &f->entry_size);
}
