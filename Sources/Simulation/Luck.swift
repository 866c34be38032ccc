internal import Rollouts

/// Everything that is left to chance, from one seed.
///
/// Each kind of chance has a stream of numbers of its own, so that a run without one kind of fault
/// draws the same for all others.
struct Luck {
    private let seed: UInt64
    private var streams: [String: SeededGenerator] = [:]

    init(seed: UInt64) { self.seed = seed }

    /// The next number of the stream with this name.
    mutating func next(_ stream: String) -> UInt64 {
        var numbers = streams[stream] ?? generator(stream)
        defer { streams[stream] = numbers }
        return numbers.next()
    }

    /// A generator of its own for somebody who keeps it.
    func generator(_ stream: String) -> SeededGenerator {
        // FNV-1a: Swift's own hashes differ from process to process.
        let hash = stream.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
            ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3
        }
        return SeededGenerator(seed: seed &* 0x9e37_79b9_7f4a_7c15 ^ hash)
    }

    /// A number of the range.
    mutating func number(_ range: ClosedRange<Int64>, _ stream: String) -> Int64 {
        var numbers = streams[stream] ?? generator(stream)
        defer { streams[stream] = numbers }
        return Int64.random(in: range, using: &numbers)
    }

    /// Whether something happens that does so `parts` times in `whole`.
    mutating func happens(_ parts: Int, in whole: Int, _ stream: String) -> Bool {
        parts > 0 && Int(next(stream) % UInt64(whole)) < parts
    }

    /// One of the choices, of which there is at least one.
    mutating func choice<Choice>(_ choices: [Choice], _ stream: String) -> Choice {
        choices[Int(next(stream) % UInt64(choices.count))]
    }

    /// Bytes that nobody outside knows.
    mutating func bytes(_ count: Int, _ stream: String) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next(stream) >> 32) }
    }
}
