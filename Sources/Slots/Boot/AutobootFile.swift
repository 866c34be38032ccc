/// `autoboot.txt` of the Raspberry Pi's firmware: which partition boots, and which one is tried.
///
/// At most 512 bytes, which is one sector; what is written has the length of what was there.
struct AutobootFile {
    static let maximumByteCount = 512

    /// Why a text is not such a file.
    struct Malformed: Error {
        let problem: String
        init(_ problem: String) { self.problem = problem }
    }

    /// The partition that boots.
    private(set) var normal: Int
    /// The partition that boots after a restart that asks for a trial.
    private(set) var trial: Int
    private let lines: [String]
    private let normalLine: Int
    private let trialLine: Int
    private let byteCount: Int

    /// - Throws: ``Malformed``; also when the file does not say that partitions are tried.
    init(parsing bytes: [UInt8]) throws(Malformed) {
        guard bytes.count <= Self.maximumByteCount else {
            throw Malformed("it is longer than \(Self.maximumByteCount) bytes")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Malformed("it is not text")
        }
        byteCount = bytes.count
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var places: [String: (line: Int, value: Int)] = [:]
        var section = "all"
        for (number, line) in lines.enumerated() {
            let line = line.prefix { $0 != "#" && !$0.isWhitespace }
            if line.hasPrefix("["), line.hasSuffix("]") {
                section = String(line.dropFirst().dropLast())
            }
            let words = line.split(separator: "=", omittingEmptySubsequences: false)
            guard words.count == 2 else { continue }
            let name = "\(section) \(words[0])"
            guard
                ["all boot_partition", "all tryboot_a_b", "tryboot boot_partition"].contains(name)
            else { continue }
            guard let value = Int(words[1]), (0...99).contains(value) else {
                throw Malformed("\(words[0]) in [\(section)] is not a number from 0 to 99")
            }
            guard places.updateValue((number, value), forKey: name) == nil else {
                throw Malformed("\(words[0]) is twice in [\(section)]")
            }
        }
        guard places["all tryboot_a_b"]?.value == 1 else {
            throw Malformed("tryboot_a_b is not 1 in [all]")
        }
        guard let normal = places["all boot_partition"],
            let trial = places["tryboot boot_partition"]
        else { throw Malformed("boot_partition is not in both [all] and [tryboot]") }
        (normalLine, self.normal) = normal
        (trialLine, self.trial) = trial
    }

    /// The bytes of the same file with other partitions.
    ///
    /// - Throws: ``Malformed`` when they do not fit into the length of what is there.
    func bytes(normal: Int, trial: Int) throws(Malformed) -> [UInt8] {
        var lines = lines
        if normal != self.normal { lines[normalLine] = "boot_partition=\(normal)" }
        if trial != self.trial { lines[trialLine] = "boot_partition=\(trial)" }
        var bytes = Array(lines.joined(separator: "\n").utf8)
        while bytes.count > byteCount, bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        guard bytes.count <= byteCount else {
            throw Malformed("its \(byteCount) bytes have no room for the partitions' numbers")
        }
        return bytes + Array(repeating: UInt8(ascii: "\n"), count: byteCount - bytes.count)
    }
}
