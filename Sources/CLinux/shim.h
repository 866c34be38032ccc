// What the Slots module uses of Linux that Swift's own module of the C library leaves out, because
// its headers show it only to those who ask for the extensions of GNU.
#include <sys/reboot.h>
#include <stdint.h>

int syncfs(int descriptor);
int sync_file_range(int descriptor, int64_t offset, int64_t length, unsigned int flags);

static const unsigned int slipway_wait_before = 1; // SYNC_FILE_RANGE_WAIT_BEFORE
static const unsigned int slipway_write = 2;       // SYNC_FILE_RANGE_WRITE
static const unsigned int slipway_wait_after = 4;  // SYNC_FILE_RANGE_WAIT_AFTER

// reboot(2), which Swift's Glibc leaves out.
static inline int slipway_restart_machine(void) { return reboot(RB_AUTOBOOT); }
