import Foundation
internal import Model

extension Instant {
    /// What this machine's clock says; the only place of the server that asks it.
    static var now: Instant {
        Instant(secondsSinceEpoch: Int64(Date().timeIntervalSince1970))
    }
}
