public import Agent
internal import Glibc

/// Who is at the other end of the control socket, as the kernel says.
public struct ControlPeer: Hashable, Sendable {
    public let user: UInt32
    /// Whether it may give orders: root, whoever runs the agent, or a member of the socket's group.
    public let mayCommand: Bool
}

/// What is done with one line of a client.
public enum ControlReply: Hashable, Sendable {
    case answer([UInt8])
    /// The line makes no sense: the answer is the last one.
    case refuse([UInt8])
    /// The agent's own thread answers, between two steps.
    case forward
    /// The answer, and from then on a line for each piece of news.
    case watch([UInt8])
}

/// A socket by which programs at the device speak with the agent, one line at a time.
///
/// It has a thread of its own, which sleeps while nobody speaks. Clients are few, their lines are
/// short, and whoever is slow, silent or talks nonsense is sent away: nobody can hold the agent up.
@safe public final class ControlSocket {
    private let thread: pthread_t
    private let mailbox: ControlMailbox
    private let path: String

    /// The most clients at once.
    public static let maximumClientCount = 16
    /// The longest line of a client, in bytes.
    public static let maximumLineByteCount = 16_384

    /// Listens at `path`, in the place of the socket of an agent that was killed.
    ///
    /// - Parameters:
    ///   - group: Whose members may give orders; `nil` for nobody but root and the agent's user.
    ///   - answering: What to do with a line, on the socket's thread; it does not block.
    public init(
        at path: String, group: String?, mailbox: ControlMailbox,
        answering: @escaping @Sendable ([UInt8], ControlPeer) -> ControlReply
    ) throws(SlotError) {
        let listener = try ControlListener(at: path, group: group)
        thread = try OwnThread.start {
            var server = ControlServer(listener, mailbox: mailbox, answering: answering)
            server.run()
        }
        self.mailbox = mailbox
        self.path = path
    }

    deinit {
        mailbox.close()
        OwnThread.join(thread)
        unsafe unlink(path)
    }
}

/// The socket that listens, and who may give orders by it.
final class ControlListener: Sendable {
    /// Never negative; closed in `deinit` and nowhere else.
    let descriptor: Int32
    private let group: gid_t?

    init(at path: String, group: String?) throws(SlotError) {
        let groupID = try group.map { name throws(SlotError) in try Self.id(ofGroup: name) }
        try Self.removeStale(path)
        let descriptor = socket(
            AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue) | O_CLOEXEC, 0)
        guard descriptor >= 0 else { throw SlotError(errno, "make the socket", path) }
        self.descriptor = descriptor
        self.group = groupID
        // For nobody but its owner until it has its group.
        let mask = umask(0o177)
        defer { umask(mask) }
        let address = try UnixAddress(path)
        guard unsafe address.use({ unsafe bind(descriptor, $0, $1) }) == 0 else {
            throw SlotError(errno, "listen at", path)
        }
        if let groupID {
            guard unsafe chown(path, uid_t.max, groupID) == 0 else {
                throw SlotError(errno, "give the group to", path)
            }
        }
        guard unsafe chmod(path, 0o660) == 0, listen(descriptor, 16) == 0 else {
            throw SlotError(errno, "listen at", path)
        }
    }

    deinit { close(descriptor) }

    private static func id(ofGroup name: String) throws(SlotError) -> gid_t {
        guard let entry = unsafe getgrnam(name) else { throw .missing(path: "the group \(name)") }
        return unsafe entry.pointee.gr_gid
    }

    /// Whoever holds the device's lock is the only agent, so a socket that is there is a dead one's.
    private static func removeStale(_ path: String) throws(SlotError) {
        guard let entry = try LinuxDisk().entry(path) else { return }
        guard entry == .other else {
            throw .malformed(path: path, problem: "it is there and is no socket")
        }
        try LinuxDisk().remove(path)
    }

    /// The next client, and who it is; `nil` when none waits.
    func accept() -> (descriptor: Int32, peer: ControlPeer)? {
        let client = Glibc.accept(descriptor, nil, nil)
        guard client >= 0 else { return nil }
        _ = fcntl(client, F_SETFD, FD_CLOEXEC)
        _ = fcntl(client, F_SETFL, O_NONBLOCK)
        return (client, peer(of: client))
    }

    /// A kernel that does not say who it is gets nobody a permission.
    private func peer(of client: Int32) -> ControlPeer {
        // Process, user and group.
        var credentials: [UInt32] = [0, .max, .max]
        var length = socklen_t(12)
        guard
            unsafe getsockopt(client, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0,
            length == 12
        else { return ControlPeer(user: .max, mayCommand: false) }
        let user = credentials[1]
        let isMember =
            group.map { $0 == credentials[2] || Self.otherGroups(of: client).contains($0) } ?? false
        return ControlPeer(user: user, mayCommand: user == 0 || user == geteuid() || isMember)
    }

    /// `SO_PEERGROUPS`, which Swift does not import everywhere; Linux has it since 4.13.
    private static let peerGroups: Int32 = 59

    private static func otherGroups(of client: Int32) -> [gid_t] {
        var groups = [gid_t](repeating: 0, count: 65_536)
        var length = socklen_t(groups.count * 4)
        guard unsafe getsockopt(client, SOL_SOCKET, peerGroups, &groups, &length) == 0 else {
            return []
        }
        return Array(groups.prefix(Int(length) / 4))
    }
}
