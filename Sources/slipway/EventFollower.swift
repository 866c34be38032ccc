import Foundation
internal import Model
internal import Wire

/// Follows the server's event stream, and goes on after the last event when it is cut off.
struct EventFollower {
    let client: ManagementClient
    /// Written as parts of a query.
    let filter: [String]

    private static let pauseSeconds = 2.0

    /// Ends only with an error that is no cut.
    func run(
        after first: Int64?, _ show: @escaping (EventSummary) -> Void
    ) throws(SlipwayError) {
        var last = first
        while true {
            var reader = EventStreamReader()
            let query = filter + (last.map { ["after=\($0)"] } ?? [])
            do throws(SlipwayError) {
                try client.stream("events/stream", query) { bytes in
                    for event in reader.take(bytes) {
                        last = event.number
                        show(event)
                    }
                    // Without an event of our own we know from the server where we began.
                    last = last ?? reader.beginning
                }
            } catch {
                switch error {
                case .unreachable, .tryAgain: complain(error)
                case .badInput, .missing, .cannotCreate, .notPermitted, .refused: throw error
                }
            }
            Thread.sleep(forTimeInterval: Self.pauseSeconds)
        }
    }
}

/// Reads server-sent events as Slipway's server writes them: one line of JSON each.
struct EventStreamReader {
    private var unread: [UInt8] = []
    /// The number after which the stream began, as its first line tells.
    private(set) var beginning: Int64?

    /// A line that is longer than this is no event.
    private static let lineLimitBytes = 262_144

    mutating func take(_ bytes: [UInt8]) -> [EventSummary] {
        unread += bytes
        var events: [EventSummary] = []
        while let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
            let line = String(decoding: unread[..<end], as: UTF8.self)
            unread.removeSubrange(...end)
            if let data = line.removing(prefix: "data: ") {
                let event = try? EventSummary(
                    parsing: Array(data.utf8), limitBytes: Self.lineLimitBytes)
                if let event { events.append(event) }
            } else if beginning == nil, let number = line.removing(prefix: ": events after ") {
                beginning = Int64(number)
            }
        }
        if unread.count > Self.lineLimitBytes { unread = [] }
        return events
    }
}

extension String {
    fileprivate func removing(prefix: String) -> Substring? {
        hasPrefix(prefix) ? dropFirst(prefix.count) : nil
    }
}
