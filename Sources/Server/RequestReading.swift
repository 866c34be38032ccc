internal import Hummingbird
internal import Model
internal import Orchestrator
internal import Wire

/// What requests carry besides their paths and bodies, as values.
extension Request {
    /// - Throws: ``Refusal/malformed(_:)`` when it is said twice: two readers could differ about it.
    func query(_ name: String) throws(Refusal) -> String? {
        let values = uri.queryParameters[values: Substring(name)]
        guard values.count <= 1 else { throw .malformed("\(name): expected at most once") }
        return values.first.map { String($0) }
    }

    /// A value of the query in its written form; `nil` when it is not there.
    func query<Value>(_ name: String, _ make: (String) -> Value?) throws(Refusal) -> Value? {
        guard let text = try query(name) else { return nil }
        guard let value = make(text) else {
            throw .malformed("\(name): \"\(text.prefix(100))\" cannot be that")
        }
        return value
    }

    func pageLimit() throws(Refusal) -> Int {
        try query("limit") { text in
            number(text).flatMap { Int(exactly: $0) }.flatMap {
                PageLimit.range.contains($0) ? $0 : nil
            }
        } ?? PageLimit.standard
    }

    func eventNumber(_ name: String) throws(Refusal) -> Int64? { try query(name, number) }

    func eventSubject() throws(Refusal) -> EventSubject {
        EventSubject(
            rollout: try query("rollout") { RolloutName($0) },
            device: try query("device") { DeviceID($0) })
    }

    /// `If-Match` (RFC 9110 section 13.1.1); a weak tag never matches.
    func precondition() throws(Refusal) -> Precondition {
        guard let text = headers[.ifMatch] else { return .none }
        guard text != "*" else { return .existence }
        var tags: [String] = []
        var rest = text[...]
        while !rest.isEmpty {
            let isWeak = rest.hasPrefix("W/")
            let quoted = isWeak ? rest.dropFirst(2) : rest
            // A tag may hold commas, and no quotes.
            guard quoted.first == "\"", let end = quoted.dropFirst().firstIndex(of: "\"") else {
                throw .malformed("If-Match: expected \"…\" or *")
            }
            if !isWeak { tags.append(String(quoted[..<end].dropFirst())) }
            rest = quoted[quoted.index(after: end)...].drop { $0 == " " || $0 == "," }
        }
        return .tags(tags)
    }

    private func number(_ text: String) -> Int64? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int64(text)
    }

    /// - Parameter name: In lower case.
    private func header(_ name: String) -> String? {
        headers.first { $0.name.canonicalName == name }?.value
    }

    /// `Last-Event-ID`, as those who reconnect to an event stream send it.
    func lastEventID() throws(Refusal) -> Int64? {
        guard let text = header("last-event-id") else { return nil }
        guard let number = number(text) else {
            throw .malformed("Last-Event-ID: expected the number of an event")
        }
        return number
    }

    /// `Idempotency-Key`, for a request with this body.
    func requestKey(
        _ body: [UInt8], by operator: OperatorName, _ orchestrator: Orchestrator
    ) throws(Refusal) -> RequestKey? {
        guard let text = header("idempotency-key") else { return nil }
        guard RequestKey.isKey(text) else {
            throw .malformed(
                "Idempotency-Key: expected 1 to 64 letters, digits and . _ : -")
        }
        return orchestrator.requestKey(
            text, by: `operator`, request: "\(method.rawValue) \(uri.path)", body)
    }
}

extension HTTPFields {
    /// The headers of an answer about something that two people may change.
    static func tagged(_ tag: String, location: String? = nil) -> HTTPFields {
        var fields: HTTPFields = [.eTag: "\"\(tag)\""]
        if let location { fields[.location] = location }
        return fields
    }
}

extension Response {
    init(_ rollout: RolloutSummary, isNew: Bool = false) {
        self.init(
            rollout, status: isNew ? .created : .ok,
            headers: .tagged(
                rollout.tag, location: isNew ? "/api/v1/rollouts/\(rollout.name)" : nil))
    }
}
