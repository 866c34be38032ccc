import JSON
import Testing

@Suite struct HostileDocuments {
    static let sample = Array(
        #"""
        {"signatures":[{"keyid":"ab\u00e9","sig":"00ff"}],"signed":{"_type":"targets",
         "x":[null,true,false,-12,9223372036854775807,"\ud83d\ude00 é😀\n\\"],"version":3}}
        """#.utf8)

    /// Whatever comes out, nothing trapped; and what was accepted has a form that reads the same.
    private func read(_ bytes: [UInt8]) {
        let limits = JSONLimits.standard(bytes: 4096)
        guard let value = try? JSONValue(parsing: bytes, limits: limits) else { return }
        #expect((try? JSONValue(parsing: value.compactBytes, limits: limits)) == value)
        _ = value.prettyText
        _ = try? SignedEnvelope(value, maximumSignatures: 4)
    }

    @Test func areReadWhole() throws {
        _ = try JSONValue(parsing: Self.sample, limits: .standard(bytes: 4096))
    }

    @Test func neverTrapWhereverTheyAreCut() {
        for count in 0..<Self.sample.count {
            let cut = Array(Self.sample.prefix(count))
            #expect(throws: JSONSyntaxError.self) {
                try JSONValue(parsing: cut, limits: .standard(bytes: 4096))
            }
        }
    }

    @Test func neverTrapWhicheverByteIsChanged() {
        for index in Self.sample.indices {
            var changed = Self.sample
            for byte in UInt8.min ... .max {
                changed[index] = byte
                read(changed)
            }
        }
    }

    @Test func neverTrapWhicheverByteIsLeftOutOrDoubled() {
        for index in Self.sample.indices {
            var shorter = Self.sample
            shorter.remove(at: index)
            read(shorter)
            var longer = Self.sample
            longer.insert(longer[index], at: index)
            read(longer)
        }
    }

    @Test(arguments: 0..<64 as Range<UInt64>)
    func neverTrapOnRandomBytesOfJSON(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let alphabet = Array(#"{}[]",:\u0d8ctrufalsn-19 .eé"#.utf8) + [0x00, 0x80, 0xff]
        for _ in 0..<200 {
            let count = Int.random(in: 0...40, using: &random)
            read((0..<count).map { _ in alphabet.randomElement(using: &random) ?? 0 })
        }
    }

    @Test(arguments: ["[", "{\"a\":", "[{\"\":"])
    func cannotNestWithoutEnd(opening: String) {
        let bomb = Array(String(repeating: opening, count: 100_000).utf8)
        let error = #expect(throws: JSONSyntaxError.self) {
            try JSONValue(parsing: bomb, limits: .standard(bytes: 1 << 20))
        }
        #expect(error?.problem == .tooDeep)
    }

    @Test func mayNestAsDeeplyAsTheLimitSays() throws {
        let limits = JSONLimits(bytes: 1000, depth: 3, values: 100)
        _ = try JSONValue(parsing: Array("[[[1]]]".utf8), limits: limits)
        _ = try JSONValue(parsing: Array(#"{"a":[{"b":1}],"c":[[]]}"#.utf8), limits: limits)
        #expect(throws: JSONSyntaxError(offset: 3, problem: .tooDeep)) {
            try JSONValue(parsing: Array("[[[[]]]]".utf8), limits: limits)
        }
        let flat = JSONLimits(bytes: 1000, depth: 0, values: 100)
        #expect(try JSONValue(parsing: [0x31], limits: flat) == 1)
        #expect(throws: JSONSyntaxError(offset: 0, problem: .tooDeep)) {
            try JSONValue(parsing: Array("{}".utf8), limits: flat)
        }
    }

    @Test func mayBeAsLongAsTheLimitSays() throws {
        let limits = JSONLimits(bytes: 4, depth: 8, values: 8)
        #expect(try JSONValue(parsing: Array("1234".utf8), limits: limits) == 1234)
        #expect(throws: JSONSyntaxError(offset: 4, problem: .tooLong(limitBytes: 4))) {
            try JSONValue(parsing: Array("1234 ".utf8), limits: limits)
        }
    }

    @Test func mayHaveAsManyValuesAsTheLimitSays() throws {
        let limits = JSONLimits(bytes: 100, depth: 8, values: 4)
        _ = try JSONValue(parsing: Array("[1,2,3]".utf8), limits: limits)
        _ = try JSONValue(parsing: Array(#"{"a":[{}],"b":1}"#.utf8), limits: limits)
        #expect(throws: JSONSyntaxError(offset: 7, problem: .tooManyValues)) {
            try JSONValue(parsing: Array("[1,2,3,4]".utf8), limits: limits)
        }
    }

    @Test func ofFiveMegabytesAreReadWhole() throws {
        let entry = #""path/to/image-%.raw":{"hashes":{"sha256":"00112233445566778899aabbccddee"}}"#
        let members = (0..<64_000).map { entry.replacing("%", with: String(100_000 + $0)) }
        let text = "{" + members.joined(separator: ",") + "}"
        let bytes = Array(text.utf8)
        #expect(bytes.count > 4_900_000)
        let value = try JSONValue(parsing: bytes, limits: .standard(bytes: 6_000_000))
        #expect(value.canonicalBytes == bytes)
    }
}

/// Sebastiano Vigna's generator: small, and the same everywhere.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
