internal import Model
internal import Rollouts
internal import Trust

/// An image with its bytes, and what really becomes of a machine that boots it.
struct Firmware {
    let signed: SignedImage
    let bytes: [UInt8]
    var defect: Defect?

    var digest: Digest { signed.image.sha256 }
    var release: ReleaseID { signed.release }

    /// What a machine does that boots a defective image.
    enum Conduct: String, CaseIterable {
        /// The machine resets before anything runs.
        case neverBoots = "never boots"
        /// Nothing happens until a watchdog resets the machine.
        case hangs
        /// It comes up, and goes down again within minutes, again and again.
        case crashes
        case unhealthy
        /// It comes up and is healthy, and its network does not work.
        case dark
    }

    struct Defect {
        let conduct: Conduct
        /// On machines of this board only; `nil` for all.
        let board: String?
    }

    /// What it does on a machine with this board; `nil` when it works.
    func conduct(onBoard board: String?) -> Conduct? {
        guard let defect, defect.board.map({ $0 == board }) ?? true else { return nil }
        return defect.conduct
    }

    /// Bytes that nothing else has.
    static func bytes(_ release: ReleaseID, _ hardware: HardwareModel, _ luck: inout Luck)
        -> [UInt8]
    {
        let head = Array("image \(release) for \(hardware)\n".utf8)
        let count = Int(luck.number(300...2600, "images"))
        var generator = luck.generator("bytes of \(release) for \(hardware)")
        return head + (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next() >> 24) }
    }
}
