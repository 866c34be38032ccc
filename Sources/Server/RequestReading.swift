import Foundation
internal import Hummingbird
internal import JSON
internal import Model
internal import Orchestrator
internal import Wire

/// What requests carry besides their paths and bodies, as values.
extension Request {
    /// The names in the query, as they were sent.
    var queryNames: [String] {
        (uri.query ?? "").split(separator: "&").map { pair in
            String(pair.prefix { $0 != "=" })
        }
    }

    /// - Throws: ``Refusal/malformed(_:)`` when it is said twice: two readers could differ about it.
    func query(_ name: String) throws(Refusal) -> String? {
        let values = (uri.query ?? "").split(separator: "&").compactMap { pair -> Substring? in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return parts.first == name[...] ? parts.dropFirst().first ?? "" : nil
        }
        guard values.count <= 1 else { throw .malformed("\(name): expected at most once") }
        // A plus is how forms and many programs write a space.
        return try values.first.map { value throws(Refusal) in
            guard let text = value.replacing("+", with: " ").removingPercentEncoding else {
                throw .malformed("\(name): its percent-encoding is broken")
            }
            return text
        }
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

extension Refusal {
    /// Why a body is not the message that it should be.
    ///
    /// What is legal JSON and not taken by us all the same, such as 1.5 or a member that comes twice,
    /// is understood (RFC 9110 section 15.5.21).
    static func unreadable(_ error: WireError) -> Refusal {
        switch error {
        case .shape, .envelope: return .malformed("\(error)")
        case .syntax(let syntax):
            switch syntax.problem {
            case .notAnInteger, .integerOutOfRange, .duplicateMember, .tooDeep, .tooManyValues:
                return .invalid("\(error)")
            case .tooLong, .unexpectedEnd, .unexpectedByte, .invalidUTF8, .invalidEscape,
                .controlCharacter, .trailingBytes:
                return .malformed("\(error)")
            }
        }
    }
}

extension WebServer.Context {
    /// What stands in a place of the path, as it was meant: names may hold a colon, which many
    /// programs encode.
    func parameter(_ name: String) throws -> String {
        let text = try parameters.require(name)
        guard let decoded = text.removingPercentEncoding else {
            throw Refusal.malformed("the \(name) in the path is broken")
        }
        return decoded
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

extension Request {
    /// The body as a message that is at most `limitBytes` long.
    func message<Message: WireMessage>(limitBytes: Int) async throws -> Message {
        let bytes = try await bytes(limitBytes: limitBytes)
        do { return try Message(parsing: bytes, limitBytes: limitBytes) } catch {
            throw Refusal.unreadable(error)
        }
    }
}
