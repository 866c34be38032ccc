internal import CEpoll
internal import Glibc

/// Waits until something can be read from any of many sockets (epoll).
@safe final class Poller {
    /// Never negative; closed in `deinit` and nowhere else.
    private let descriptor: Int32
    private var found = [UInt64](repeating: 0, count: 64)

    init() throws(LoadError) {
        descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard descriptor >= 0 else { throw .system("make a poller", code: errno) }
    }

    deinit { close(descriptor) }

    func add(_ socket: LoadSocket, number: Int) throws(LoadError) {
        guard slipway_epoll_add(descriptor, socket.descriptor, UInt64(number)) == 0 else {
            throw .system("wait for a socket", code: errno)
        }
    }

    /// The numbers of sockets from which something can be read, once there is one or time is over.
    func wait(nanoseconds: Int64) throws(LoadError) -> [Int] {
        let count = unsafe slipway_epoll_wait(descriptor, &found, Int32(found.count), nanoseconds)
        if count < 0, errno == EINTR { return [] }
        guard count >= 0 else { throw .system("wait for sockets", code: errno) }
        return found.prefix(Int(count)).map { Int($0) }
    }
}
