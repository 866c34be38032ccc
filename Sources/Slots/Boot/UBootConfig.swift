internal import Agent

/// Where U-Boot's environment is, as `/etc/fw_env.config` tells U-Boot's own tools.
///
/// A line for each copy, one or two: device, offset, size, and for flash the size and number of its
/// sectors, which files and block devices do not need. Sizes are hexadecimal with `0x` or without;
/// offsets are decimal unless they begin with `0x` (or octal with `0`), and one below zero counts
/// from the end.
struct UBootConfig {
    struct Copy: Equatable {
        let device: String
        let offset: Int64
        /// In bytes.
        let byteCount: Int
    }

    let copies: [Copy]

    var isRedundant: Bool { copies.count == 2 }

    /// The largest environment that is read, in bytes.
    private static let maximumByteCount = 1_048_576

    init(reading path: String, on disk: any Disk) throws(SlotError) {
        guard let bytes = try DurableFile.read(path, on: disk) else { throw .missing(path: path) }
        var copies: [Copy] = []
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
            guard !words.isEmpty else { continue }
            guard let copy = Self.copy(words) else {
                throw .malformed(
                    path: path,
                    problem: "\"\(line.prefix(200))\" is not a device, an offset and a size")
            }
            copies.append(copy)
        }
        try Self.check(copies, of: path)
        self.copies = try copies.map { copy throws(SlotError) in
            try Self.placed(copy, on: disk)
        }
        guard !isRedundant || !Self.overlap(self.copies[0], self.copies[1]) else {
            throw .malformed(path: path, problem: "its two copies overlap")
        }
    }

    private static func copy(_ words: [Substring]) -> Copy? {
        guard (3...5).contains(words.count), words[0].hasPrefix("/"), let offset = offset(words[1]),
            words[2...].allSatisfy({ size($0) != nil }), let byteCount = size(words[2])
        else { return nil }
        return Copy(device: String(words[0]), offset: offset, byteCount: byteCount)
    }

    private static func offset(_ text: Substring) -> Int64? {
        let digits = text.drop { $0 == "-" }
        guard text.count - digits.count <= 1 else { return nil }
        let number: Int64? =
            switch digits {
            case _ where digits.lowercased().hasPrefix("0x"): Int64(digits.dropFirst(2), radix: 16)
            case _ where digits.hasPrefix("0") && digits.count > 1: Int64(digits, radix: 8)
            default: Int64(digits)
            }
        return number.map { digits.startIndex == text.startIndex ? $0 : -$0 }
    }

    private static func size(_ text: Substring) -> Int? {
        Int(text.lowercased().hasPrefix("0x") ? text.dropFirst(2) : text, radix: 16)
            .flatMap { $0 >= 0 ? $0 : nil }
    }

    private static func check(_ copies: [Copy], of path: String) throws(SlotError) {
        guard (1...2).contains(copies.count) else {
            throw .malformed(
                path: path, problem: "it names \(copies.count) copies instead of one or two")
        }
        for copy in copies {
            guard !copy.device.hasPrefix("/dev/mtd"), !copy.device.hasPrefix("/dev/ubi") else {
                throw .malformed(
                    path: path,
                    problem: "\(copy.device) is flash memory: only U-Boot's tools can write it "
                        + "(\"type\": \"uboot-tools\")")
            }
            guard (16...maximumByteCount).contains(copy.byteCount) else {
                throw .malformed(
                    path: path,
                    problem: "an environment of \(copy.byteCount) bytes is not one of 16 to "
                        + "\(maximumByteCount)")
            }
        }
        guard copies.allSatisfy({ $0.byteCount == copies[0].byteCount }) else {
            throw .malformed(path: path, problem: "its two copies have different sizes")
        }
    }

    /// With the offset from the beginning.
    private static func placed(_ copy: Copy, on disk: any Disk) throws(SlotError) -> Copy {
        let length = try disk.open(copy.device, .read).length()
        let offset = copy.offset < 0 ? length + copy.offset : copy.offset
        guard offset >= 0, offset <= length - Int64(copy.byteCount) else {
            throw .malformed(
                path: copy.device,
                problem: "its \(length) bytes do not hold an environment of \(copy.byteCount) "
                    + "bytes at \(copy.offset)")
        }
        return Copy(device: copy.device, offset: offset, byteCount: copy.byteCount)
    }

    private static func overlap(_ one: Copy, _ other: Copy) -> Bool {
        one.device == other.device && abs(one.offset - other.offset) < Int64(one.byteCount)
    }
}
