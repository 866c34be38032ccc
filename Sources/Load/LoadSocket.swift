internal import Glibc

/// One connection to a server on this machine.
@safe final class LoadSocket {
    /// Never negative; closed in `deinit` and nowhere else.
    let descriptor: Int32

    /// - Parameter receiveBuffer: The kernel's memory for what was not read yet, in bytes; `nil`
    ///   for what the kernel thinks best.
    init(port: Int, receiveBuffer: Int? = nil) throws(LoadError) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        guard descriptor >= 0 else { throw .system("make a socket", code: errno) }
        if let receiveBuffer { set(SOL_SOCKET, SO_RCVBUF, to: Int32(receiveBuffer)) }
        set(Int32(IPPROTO_TCP), TCP_NODELAY, to: 1)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(truncatingIfNeeded: port).bigEndian)
        address.sin_addr.s_addr = in_addr_t(UInt32(0x7f00_0001).bigEndian)
        let isConnected = unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else { throw .system("connect to port \(port)", code: errno) }
    }

    deinit { close(descriptor) }

    private func set(_ level: Int32, _ option: Int32, to value: Int32) {
        var value = value
        _ = unsafe setsockopt(descriptor, level, option, &value, socklen_t(4))
    }

    /// Sends all of `bytes`, and waits while the server does not read.
    func send(_ bytes: [UInt8]) throws(LoadError) {
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { raw in
                unsafe Glibc.send(
                    descriptor, raw.baseAddress.map { unsafe $0 + done }, raw.count - done,
                    Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .cut }
            done += count
        }
    }

    /// Takes what has arrived, as much as `buffer` holds, without waiting; 0 for nothing yet.
    func receive(into buffer: inout [UInt8]) throws(LoadError) -> Int {
        let count = unsafe recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        if count < 0, errno == EINTR || errno == EAGAIN { return 0 }
        guard count > 0 else { throw .cut }
        return count
    }
}
