internal import JSON
internal import Model
internal import Trust

/// The client's whole conversation with a hostile repository.
enum ClientTarget {
    /// More questions than any limit allows.
    private static let maximumStepCount = 100

    static func delegations(_ parts: [[UInt8]]) throws(BrokenPromise) {
        guard parts.count >= 2 else { return }
        let path = String(decoding: parts[0], as: UTF8.self)
        let stored = StoredMetadata(
            root: FuzzRepository.root, timestamp: FuzzRepository.timestamp,
            snapshot: FuzzRepository.snapshot(), targets: parts[1])
        var client = try Client(stored, answers: [[], FuzzRepository.timestamp])
        guard try client.run() else { return }
        client.answers = Array(parts.dropFirst(2))
        guard try client.seek(path) else { return }
        let found = client.refresh.found
        // What was fetched once is recalled, and says the same.
        client.answers = []
        try hold(try client.seek(path), "what was found once is found again")
        try hold(client.refresh.found == found, "the same search finds the same")
    }

    static func refresh(_ parts: [[UInt8]]) throws(BrokenPromise) {
        guard parts.count >= 3 else { return }
        let stored = StoredMetadata(
            root: FuzzRepository.root, timestamp: parts[0].nonEmpty, snapshot: parts[1].nonEmpty,
            targets: parts[2].nonEmpty)
        var client = try Client(stored, answers: Array(parts.dropFirst(3)))
        guard try client.run() else { return }
        for path in ["acme/gateway.img", "other"] { _ = try client.seek(path) }
    }

    /// Does what a refresh asks for.
    private struct Client {
        var refresh: Refresh
        /// To one fetch after the other; an empty one, and none, stand for a missing file.
        var answers: [[UInt8]]
        var stored: StoredMetadata

        init(_ stored: StoredMetadata, answers: [[UInt8]]) throws(BrokenPromise) {
            self.stored = stored
            self.answers = answers
            refresh = try must("the client's own root is sound") { () throws(MetadataRefusal) in
                try Refresh(
                    stored: stored, now: FuzzRepository.now,
                    cryptography: FuzzRepository.cryptography, limits: FuzzRepository.limits)
            }
        }

        /// Whether it went on to its end without a refusal.
        mutating func run() throws(BrokenPromise) -> Bool {
            for _ in 0..<maximumStepCount {
                switch refresh.next() {
                case .fetch(let name, let limitBytes):
                    try Paths.encode(name)
                    try hold(limitBytes <= 65_536, "metadata widens no limit")
                    let answer = answers.isEmpty ? [] : answers.removeFirst()
                    guard try receive(answer.nonEmpty) else { return false }
                case .recall(let role):
                    guard try receive(stored[role]) else { return false }
                case .store(let role, let bytes):
                    try hold(!role.storedName.utf8.contains(0x2f), "a role is kept in this folder")
                    stored[role] = bytes
                case .forget(let role): stored[role] = nil
                case .finished: return true
                }
            }
            throw BrokenPromise(promise: "a refresh ends")
        }

        private mutating func receive(_ bytes: [UInt8]?) throws(BrokenPromise) -> Bool {
            let version = refresh.trusted.root.version
            let isTaken =
                try attempt { () throws(MetadataRefusal) in try refresh.receive(bytes) } != nil
            try hold(refresh.trusted.root.version >= version, "roots never go back")
            return isTaken
        }

        mutating func seek(_ path: String) throws(BrokenPromise) -> Bool {
            refresh.seek(path)
            guard try run() else { return false }
            if let found = refresh.found { try Paths.publish(path, found.file) }
            return true
        }
    }
}

extension [UInt8] {
    fileprivate var nonEmpty: [UInt8]? { isEmpty ? nil : self }
}
