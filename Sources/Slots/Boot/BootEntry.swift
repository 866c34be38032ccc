/// A boot loader entry (Type #1 of the Boot Loader Specification): its name and its text.
struct BootEntry {
    /// The number of boots that it still has and has had, as its name tells: `NAME+LEFT-DONE.conf`.
    struct Count: Hashable {
        let left: Int
        let done: Int

        /// Both with one digit, so that the name keeps its length: a longer one may take up one
        /// more piece of a directory on FAT.
        var suffix: String { "+\(left)-\(done)" }
    }

    /// Without the count and `.conf`.
    let id: String
    /// As it stands in the directory.
    let fileName: String
    /// `nil` is an entry that counts as good.
    let count: Count?
    let lines: [String]

    /// Returns `nil` for a name that is no entry's; then the file is nobody's business here.
    static func parse(_ fileName: String) -> (id: String, count: Count?)? {
        guard fileName.hasSuffix(".conf") else { return nil }
        let name = fileName.dropLast(".conf".count)
        guard let plus = name.lastIndex(of: "+"),
            let count = count(name[name.index(after: plus)...])
        else { return (String(name), nil) }
        return (String(name[..<plus]), count)
    }

    private static func count(_ text: Substring) -> Count? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        let isNumber = { (part: Substring) in
            (1...9).contains(part.utf8.count)
                && part.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")) ~= $0 }
        }
        guard (1...2).contains(parts.count), parts.allSatisfy(isNumber), let left = Int(parts[0])
        else { return nil }
        return Count(left: left, done: parts.count == 2 ? Int(parts[1]) ?? 0 : 0)
    }

    /// The last value of `key`, as the loader reads it.
    func value(_ key: String) -> String? {
        for line in lines.reversed() {
            let words = line.split(maxSplits: 1, whereSeparator: \.isWhitespace)
            guard words.count == 2, words[0] == key else { continue }
            return String(words[1].reversed().drop { $0.isWhitespace }.reversed())
        }
        return nil
    }

    var version: EntryVersion { EntryVersion(value("version") ?? "") }

    /// Its text with another version.
    func text(version: EntryVersion) -> String {
        let isVersion = { (line: String) in
            line.split(maxSplits: 1, whereSeparator: \.isWhitespace).first == "version"
        }
        var lines = lines.filter { !isVersion($0) }
        lines.append("version \(version.text)")
        return lines.joined(separator: "\n") + "\n"
    }

    /// Whether the loader puts this entry before `other`, both without a count and of one
    /// `sort-key`: the newer version first, and of equal ones the later name.
    func precedes(_ other: BootEntry) -> Bool {
        version != other.version
            ? version > other.version : EntryVersion(id) > EntryVersion(other.id)
    }
}
