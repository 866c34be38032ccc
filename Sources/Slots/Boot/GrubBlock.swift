/// GRUB's environment block: 1024 bytes with a header, lines of `name=value`, and `#` to the end.
///
/// Our own variables stand first and, with a comment behind them, always take up the same room;
/// so a change of them changes nothing behind the first 512 bytes, which a disk writes whole or
/// not at all.
struct GrubBlock {
    static let byteCount = 1024
    /// What a disk writes in one piece, in bytes.
    static let sectorByteCount = 512
    private static let header = Array("# GRUB Environment Block\n".utf8)
    private static let newline = UInt8(ascii: "\n")
    private static let escape = UInt8(ascii: "\\")
    private static let fill = UInt8(ascii: "#")

    enum Line: Equatable {
        /// As it stands there, with its newline.
        case comment([UInt8])
        case variable(name: [UInt8], value: [UInt8])
    }

    /// Why some bytes are no block.
    struct Malformed: Error {
        let problem: String
        init(_ problem: String) { self.problem = problem }
    }

    var lines: [Line] = []

    init() {}

    /// - Throws: ``Malformed`` with the problem.
    init(parsing bytes: [UInt8]) throws(Malformed) {
        guard bytes.count == Self.byteCount else {
            throw Malformed("it has \(bytes.count) bytes instead of \(Self.byteCount)")
        }
        guard bytes.starts(with: Self.header) else {
            throw Malformed("it does not begin as a GRUB environment block")
        }
        var rest = bytes[Self.header.count...]
        while let first = rest.first {
            guard let end = Self.lineEnd(in: rest) else {
                guard rest.allSatisfy({ $0 == Self.fill }) else {
                    throw Malformed("its last line has no end")
                }
                return
            }
            let line = rest[..<end]
            rest = rest[(end + 1)...]
            if first == Self.fill {
                lines.append(.comment(line + [Self.newline]))
            } else {
                lines.append(try Self.variable(line))
            }
        }
    }

    /// A comment ends at any newline, a value at one that is not escaped.
    private static func lineEnd(in bytes: ArraySlice<UInt8>) -> Int? {
        guard bytes.first != fill else { return bytes.firstIndex(of: newline) }
        var isEscaped = false
        return bytes.indices.first { index in
            if isEscaped {
                isEscaped = false
                return false
            }
            isEscaped = bytes[index] == escape
            return bytes[index] == newline
        }
    }

    private static func variable(_ line: ArraySlice<UInt8>) throws(Malformed) -> Line {
        guard let equals = line.firstIndex(of: UInt8(ascii: "=")), equals > line.startIndex else {
            throw Malformed("a line of it is not name=value")
        }
        var value: [UInt8] = []
        var isEscaped = false
        for byte in line[(equals + 1)...] {
            if byte == escape, !isEscaped {
                isEscaped = true
            } else {
                isEscaped = false
                value.append(byte)
            }
        }
        return .variable(name: Array(line[..<equals]), value: value)
    }
}

// MARK: - Our variables

extension GrubBlock {
    /// The values of `names`; a variable that is not there is left out.
    ///
    /// - Throws: ``Malformed`` when one is there twice: GRUB reads the last and writes the first.
    func values(of names: [String]) throws(Malformed) -> [String: String] {
        var values: [String: String] = [:]
        for case .variable(let name, let value) in lines {
            let name = String(decoding: name, as: UTF8.self)
            guard names.contains(name) else { continue }
            guard values.updateValue(String(decoding: value, as: UTF8.self), forKey: name) == nil
            else { throw Malformed("\(name) is there twice") }
        }
        return values
    }

    /// The bytes with `values` for `names`, in that order and first; all others stay as they are.
    ///
    /// - Parameter roomByteCount: What `names` and the comment behind them take up; at least three
    ///   more than their lines.
    /// - Throws: ``Malformed`` when that does not fit, or reaches behind the first sector.
    func bytes(
        names: [String], values: [String: String], roomByteCount: Int
    ) throws(Malformed) -> [UInt8] {
        let isNotice = { (line: Line) in
            if case .comment(let text) = line { !Self.isRoom(text) } else { false }
        }
        let notices = lines.prefix(while: isNotice)
        var room = names.flatMap { Array("\($0)=\(values[$0] ?? "")\n".utf8) }
        precondition(room.count + 2 < roomByteCount, "the room is for the longest values")
        room += Self.room(roomByteCount - room.count)
        var bytes = Self.header + notices.flatMap(Self.bytes(of:)) + room
        guard bytes.count <= Self.sectorByteCount else {
            throw Malformed("its comments push our variables behind the first 512 bytes")
        }
        for line in lines.dropFirst(notices.count) where !isOurs(line, names: names) {
            bytes += Self.bytes(of: line)
        }
        guard bytes.count <= Self.byteCount else { throw Malformed("it has no room left") }
        return bytes + Array(repeating: Self.fill, count: Self.byteCount - bytes.count)
    }

    private func isOurs(_ line: Line, names: [String]) -> Bool {
        switch line {
        case .comment(let text): Self.isRoom(text)
        case .variable(let name, _): names.contains(String(decoding: name, as: UTF8.self))
        }
    }

    /// The comment that keeps the room: `#`, dots and a newline.
    private static func room(_ count: Int) -> [UInt8] {
        [fill] + Array(repeating: UInt8(ascii: "."), count: count - 2) + [newline]
    }

    private static func isRoom(_ comment: [UInt8]) -> Bool {
        comment.count > 2 && comment == room(comment.count)
    }

    private static func bytes(of line: Line) -> [UInt8] {
        switch line {
        case .comment(let text): return text
        case .variable(let name, let value):
            let escaped = value.flatMap { byte in
                byte == newline || byte == escape ? [escape, byte] : [byte]
            }
            return name + [UInt8(ascii: "=")] + escaped + [newline]
        }
    }
}
