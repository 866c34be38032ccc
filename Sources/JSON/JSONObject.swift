/// A JSON object: members with distinct names, in the order of the names' bytes.
public struct JSONObject: Hashable, Sendable {
    /// Sorted by key, each key once.
    public let members: [Member]

    public struct Member: Hashable, Sendable {
        public let key: JSONString
        public let value: JSONValue

        public init(key: JSONString, value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    /// Two members with the same name are a programmer's error.
    public init(_ members: [(String, JSONValue)]) {
        let members = members.map { Member(key: JSONString($0.0), value: $0.1) }
        guard case .success(let object) = Self.sorting(members) else {
            preconditionFailure("an object must not have two members with the same name")
        }
        self = object
    }

    /// Leaves out the members that are `nil`.
    public init(present members: [(String, JSONValue?)]) {
        self.init(members.compactMap { key, value in value.map { (key, $0) } })
    }

    private init(sorted members: [Member]) { self.members = members }

    /// Returns `nil` unless each key is greater than the one before.
    init?(ordered members: [Member]) {
        let isOrdered = members.indices.dropFirst().allSatisfy {
            members[$0 - 1].key < members[$0].key
        }
        guard isOrdered else { return nil }
        self.members = members
    }

    /// Makes an object of members in any order, or finds a key that is there twice.
    static func sorting(_ members: [Member]) -> Result<JSONObject, Duplicate> {
        let sorted = members.sorted { $0.key < $1.key }
        for (left, right) in zip(sorted, sorted.dropFirst()) where left.key == right.key {
            return .failure(Duplicate(key: left.key))
        }
        return .success(JSONObject(sorted: sorted))
    }

    struct Duplicate: Error { let key: JSONString }

    private static let fewMembers = 16

    public var isEmpty: Bool { members.isEmpty }
    public var count: Int { members.count }

    public subscript(key: String) -> JSONValue? {
        // Where there are few members, looking at all of them makes no copy of the key.
        if members.count <= Self.fewMembers {
            return members.first { $0.key.hasSameBytes(as: key) }?.value
        }
        let key = JSONString(key)
        let index = insertionIndex(of: key)
        guard index < members.count, members[index].key == key else { return nil }
        return members[index].value
    }

    /// The same object with one member added or replaced.
    public func setting(_ key: String, to value: JSONValue) -> JSONObject {
        let member = Member(key: JSONString(key), value: value)
        let index = insertionIndex(of: member.key)
        var members = members
        if index < members.count, members[index].key == member.key {
            members[index] = member
        } else {
            members.insert(member, at: index)
        }
        return JSONObject(sorted: members)
    }

    /// The first index whose key is not before `key`.
    private func insertionIndex(of key: JSONString) -> Int {
        var low = 0
        var high = members.count
        while low < high {
            let middle = (low + high) / 2
            if members[middle].key < key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral members: (String, JSONValue)...) { self.init(members) }
}
