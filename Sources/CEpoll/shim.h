// epoll, which Swift's own module of the C library leaves out; events without their union.
#include <stdint.h>
#include <sys/epoll.h>
#include <time.h>

static inline int slipway_epoll_add(int poller, int descriptor, uint64_t number) {
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = number};
    return epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &event);
}

// Writes the numbers of what can be read; a negative timeout waits for ever.
static inline int slipway_epoll_wait(int poller, uint64_t *numbers, int count,
                                     int64_t timeout_nanoseconds) {
    struct epoll_event events[64];
    struct timespec timeout = {.tv_sec = timeout_nanoseconds / 1000000000,
                               .tv_nsec = timeout_nanoseconds % 1000000000};
    int found = epoll_pwait2(poller, events, count < 64 ? count : 64,
                             timeout_nanoseconds < 0 ? 0 : &timeout, 0);
    for (int place = 0; place < found; place++)
        numbers[place] = events[place].data.u64;
    return found;
}
