/// One copy of U-Boot's environment: a CRC-32, the counter of redundant copies, and `name=value`
/// texts that end with a zero byte each; one more zero byte ends the last.
struct UBootBlock {
    /// Why some bytes are no environment.
    struct Malformed: Error {
        let problem: String
        init(_ problem: String) { self.problem = problem }
    }

    /// Of redundant copies; the newer copy has the next number, and 0 follows 255.
    var counter: UInt8?
    /// In their order; the bytes before and behind the `=`.
    private(set) var variables: [(name: [UInt8], value: [UInt8])] = []

    private static let checksumByteCount = 4

    /// - Throws: ``Malformed``; a wrong checksum above all.
    init(parsing bytes: [UInt8], isRedundant: Bool) throws(Malformed) {
        let start = Self.checksumByteCount + (isRedundant ? 1 : 0)
        guard bytes.count > start + 1 else { throw Malformed("it is too short") }
        let stored = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[$1]) << (8 * UInt32($1)) }
        guard CRC32.of(bytes[start...]) == stored else { throw Malformed("its checksum is wrong") }
        if isRedundant { counter = bytes[Self.checksumByteCount] }
        var rest = bytes[start...]
        while let end = rest.firstIndex(of: 0), end > rest.startIndex {
            let text = rest[..<end]
            guard let equals = text.firstIndex(of: UInt8(ascii: "=")), equals > text.startIndex
            else { throw Malformed("a text of it is not name=value") }
            variables.append((Array(text[..<equals]), Array(text[(equals + 1)...])))
            rest = rest[(end + 1)...]
        }
        guard rest.first == 0 else { throw Malformed("its last text has no end") }
    }

    /// An environment without a variable.
    init(counter: UInt8?) { self.counter = counter }

    /// The values of `names`; a variable that is not there is left out.
    func values(of names: [String]) -> [String: String] {
        var values: [String: String] = [:]
        for (name, value) in variables {
            let name = String(decoding: name, as: UTF8.self)
            // As U-Boot has it, the last one counts.
            if names.contains(name) { values[name] = String(decoding: value, as: UTF8.self) }
        }
        return values
    }

    /// Gives variables other values where they stand; those that are new come last.
    mutating func set(_ changes: [String: String]) {
        for (name, value) in changes.sorted(by: { $0.key < $1.key }) {
            let name = Array(name.utf8)
            let value = Array(value.utf8)
            let places = variables.indices.filter { variables[$0].name == name }
            for place in places { variables[place].value = value }
            if places.isEmpty { variables.append((name, value)) }
        }
    }

    /// - Throws: ``Malformed`` when that is more than `byteCount` bytes.
    func bytes(count byteCount: Int) throws(Malformed) -> [UInt8] {
        var data: [UInt8] = []
        for (name, value) in variables {
            data += name
            data.append(UInt8(ascii: "="))
            data += value
            data.append(0)
        }
        // Also the end of an environment without a variable is two zero bytes.
        data += variables.isEmpty ? [0, 0] : [0]
        let start = Self.checksumByteCount + (counter == nil ? 0 : 1)
        guard start + data.count <= byteCount else {
            throw Malformed("its \(byteCount) bytes have no room left")
        }
        data += Array(repeating: 0, count: byteCount - start - data.count)
        let sum = CRC32.of(data)
        let checksum = (0..<4).map { UInt8(truncatingIfNeeded: sum >> (8 * UInt32($0))) }
        return checksum + (counter.map { [$0] } ?? []) + data
    }
}
