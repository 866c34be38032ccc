internal import Model
internal import Trust

/// What must hold of paths that a stranger chose.
enum Paths {
    private static let slash = UInt8(ascii: "/")

    /// The digest stands before the last name, and nothing else changes.
    static func publish(_ path: String, _ file: TargetFile) throws(BrokenPromise) {
        guard let published = file.publishedPath(path, isConsistent: true) else { return }
        let name = path.utf8.split(separator: slash, omittingEmptySubsequences: false).last
        let folders = path.utf8.dropLast(name?.count ?? 0)
        let tail = Array(".".utf8) + Array(name ?? path[...].utf8)
        let bytes = Array(published.utf8)
        try hold(bytes.starts(with: folders), "a published path keeps its folders")
        try hold(bytes.suffix(tail.count).elementsEqual(tail), "a published path keeps its name")
        let digest = bytes.dropFirst(folders.count).dropLast(tail.count)
        try hold([64, 128].contains(digest.count), "only a digest is added to a published path")
        try encode(published)
    }

    /// Nothing but slashes and unreserved characters comes out, and as many slashes as went in.
    static func encode(_ path: String) throws(BrokenPromise) {
        let segment = URLPath.encode(path)
        try hold(!segment.utf8.contains(slash), "an encoded segment has no slash")
        try hold(decode(segment) == Array(path.utf8), "an encoded segment can be decoded")
        let whole = URLPath.encodeAll(path)
        try hold(decode(whole) == Array(path.utf8), "an encoded path can be decoded")
        try hold(
            whole.utf8.count { $0 == slash } == path.utf8.count { $0 == slash },
            "an encoded path keeps its slashes")
    }

    /// RFC 3986 section 2.1; `nil` for anything that is not encoded well.
    private static func decode(_ text: String) -> [UInt8]? {
        var decoded: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                decoded.append(byte)
                continue
            }
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            guard digits.utf8.count == 2, let value = UInt8(digits, radix: 16) else { return nil }
            decoded.append(value)
            rest = rest.dropFirst(2)
        }
        return decoded
    }
}
