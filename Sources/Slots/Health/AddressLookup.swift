internal import Agent
internal import Glibc
internal import Synchronization

/// The addresses of a host, looked for with a limit of time.
///
/// getaddrinfo(3) has none, and a machine without DNS may keep it for minutes: it runs on a thread
/// of its own, which is left to itself when it is late.
enum AddressLookup {
    enum Answer: Sendable {
        case found([Address])
        case failed(String)
        case late
    }

    /// What connect(2) takes.
    struct Address: Sendable {
        let family: Int32
        private let bytes: [UInt8]

        init(_ entry: addrinfo) {
            family = unsafe entry.ai_family
            bytes = unsafe Array(
                UnsafeRawBufferPointer(
                    start: unsafe entry.ai_addr, count: Int(unsafe entry.ai_addrlen)))
        }

        func withPointer<Value>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Value) -> Value {
            var storage = sockaddr_storage()
            return unsafe withUnsafeMutableBytes(of: &storage) { raw in
                let count = min(bytes.count, raw.count)
                unsafe raw.copyBytes(from: bytes.prefix(count))
                guard let base = raw.baseAddress else {
                    preconditionFailure("a socket's address has a size")
                }
                return unsafe body(
                    base.assumingMemoryBound(to: sockaddr.self), socklen_t(count))
            }
        }
    }

    /// - Parameter ask: Looks for them, and may take its time.
    static func addresses(
        of host: String, port: UInt16, within time: Duration,
        ask: @escaping @Sendable (String, UInt16) -> Answer = Self.ask
    ) -> Answer {
        do throws(SlotError) {
            let bell = Bell()
            let answer = AnswerBox()
            OwnThread.detach(
                try OwnThread.start {
                    answer.put(ask(host, port))
                    bell.ring()
                })
            return bell.isRung(within: time) ? answer.value : .late
        } catch { return .failed("\(error)") }
    }

    private static func ask(_ host: String, _ port: UInt16) -> Answer {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(host, "\(port)", &hints, &list)
        guard code == 0 else { return .failed(unsafe String(cString: gai_strerror(code))) }
        defer { unsafe freeaddrinfo(list) }
        var addresses: [Address] = []
        var next = unsafe list
        while let entry = unsafe next, addresses.count < 16 {
            unsafe addresses.append(Address(entry.pointee))
            unsafe next = entry.pointee.ai_next
        }
        return .found(addresses)
    }

    private final class AnswerBox: Sendable {
        private let answer = Mutex(Answer.late)

        func put(_ new: Answer) { answer.withLock { $0 = new } }
        var value: Answer { answer.withLock { $0 } }
    }
}
