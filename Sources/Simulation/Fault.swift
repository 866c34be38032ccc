/// A kind of thing that goes wrong.
///
/// A run has a set of them; the names are those of the command line.
public enum Fault: String, CaseIterable, Sendable, Comparable {
    /// Messages and answers get lost.
    case loss
    /// Messages, answers and images take long, so that they overtake each other.
    case delay
    /// Check-ins arrive twice, the second time perhaps hours later.
    case duplicates
    /// Messages, answers, metadata and images end early or arrive changed.
    case damage
    /// Devices cannot reach the server for hours, or are not heard though they are reached.
    case partitions
    /// A mirror gives old, mixed, garbled or endless files.
    case mirror
    /// The power of devices is cut between any two effects.
    case cuts
    /// Disks of devices are full for a while.
    case fullDisk = "full-disk"
    /// A bit of a file that the agent keeps changes.
    case flips
    /// A slot does not read back as it was written.
    case badWrites = "bad-writes"
    /// Some releases hang, crash, fail their health check, or come up and are never heard again.
    case badImages = "bad-images"
    /// Clocks of devices are wrong, are stepped, or begin in 1970.
    case clocks
    /// Servers crash in the middle of what they do, and start again.
    case crashes
    /// Transactions fail before, inside and after their commit, and files cannot be written.
    case store
    /// Other requests come between the transactions of one.
    case interleaving
    /// People pause, resume, abort, revert and withdraw rollouts, and hold, pin and retire devices.
    case people
    /// Keys are replaced: of the root, of the publishers, and of the server.
    case keys
    /// An attacker owns the network: reads, changes, replays and holds back what he likes.
    case network
    /// An attacker forges check-ins of devices, with keys of his own.
    case forgery
    /// An attacker owns server, database and the server's keys, and has one of the offline keys.
    ///
    /// Only what the offline keys promise is judged then.
    case thief

    public static func < (left: Fault, right: Fault) -> Bool { left.rawValue < right.rawValue }

    /// What may happen in any run; the thief leaves nothing else to judge, so he comes seldom.
    static let usual = Set(allCases).subtracting([.thief])
}
