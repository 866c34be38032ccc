import AgentSupport
import Model
import Wire

/// What a test remembers of a device through all power cuts, to hold the device to it.
struct CutWatch: Hashable {
    /// Whether the health check has passed in this boot.
    var isHealthy = false
    /// In how many cuts nobody could tell a good image from one that never came up.
    var untellableCuts = 0
    private(set) var failures = 0
    /// Whether the server was told of a proof.
    private(set) var isProven = false
    private var tried: Set<Nonce> = []
    private var ends: [Nonce: String] = [:]

    /// Notes what the server hears.
    ///
    /// - Returns: What is wrong with it.
    mutating func hear(_ checkIn: CheckIn, of device: CutDevice) -> String? {
        let sha256 = checkIn.boot.sha256
        if let nonce = checkIn.phase.nonce, let end = ends[nonce], end != checkIn.phase.word {
            return "offer \(nonce) had ended as \(end), and now it is \(checkIn.phase.word)"
        }
        if isProven, sha256 != device.goal.digest { return "the proven image is not booted" }
        switch checkIn.phase {
        case .idle: return sha256 == nil ? "the device cannot tell what it runs" : nil
        case .downloading, .waiting, .installed:
            return sha256 == device.old.digest ? nil : "an update goes on that has been booted"
        case .trial(let nonce):
            tried.insert(nonce)
            return sha256 == device.goal.digest && isHealthy ? nil : "a trial of something else"
        case .proven(let nonce):
            ends[nonce] = checkIn.phase.word
            isProven = true
            return tried.contains(nonce) ? nil : "a proof of what was not tried"
        case .failed(let nonce, let failure):
            if ends.updateValue(checkIn.phase.word, forKey: nonce) == nil { failures += 1 }
            guard sha256 == device.old.digest, checkIn.boot.isConfirmed else {
                return "a failure that is not told by the image before"
            }
            guard device.goal.conduct == .healthy else { return nil }
            return failure.kind == .boot && failures <= untellableCuts
                ? nil : "a good image is held to be bad: \(failure)"
        }
    }
}
