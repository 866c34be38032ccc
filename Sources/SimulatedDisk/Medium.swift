/// What lies on a disk: files, directories and links by their names.
public struct Medium: Hashable {
    public enum Entry: Hashable {
        /// A file by its number: a name is not the file.
        case file(Int)
        case directory
        case link(target: String)
    }

    public var names: [String: Entry] = ["/": .directory]
    /// What each file holds; one that is not here is empty.
    public var contents: [Int: [UInt8]] = [:]

    public init() {}

    /// What the file called `path` holds; `nil` when there is none.
    public func bytes(_ path: String) -> [UInt8]? {
        guard case .file(let file)? = names[path] else { return nil }
        return contents[file] ?? []
    }

    /// More than any file has; an empty one has no content.
    var largestFileNumber: Int {
        let named = names.values.map { entry in
            if case .file(let number) = entry { number } else { 0 }
        }
        return (named + contents.keys).max() ?? 0
    }

    /// Drops what lies in no directory: its name survived, and that of the directory did not.
    mutating func dropLost() {
        for path in names.keys.sorted() where path != "/" {
            let end = path.lastIndex(of: "/") ?? path.startIndex
            let parent = end == path.startIndex ? "/" : String(path[..<end])
            if names[parent] != .directory { names[path] = nil }
        }
    }

    /// Two media are alike when they hold the same under the same names, whatever its number.
    public static func == (left: Medium, right: Medium) -> Bool {
        left.visible == right.visible
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(visible) }

    private enum Visible: Hashable {
        case file([UInt8])
        case other(Entry)
    }

    private var visible: [String: Visible] {
        names.mapValues { entry in
            if case .file(let file) = entry { .file(contents[file] ?? []) } else { .other(entry) }
        }
    }
}

/// Something that was done to a disk and is not durable yet.
enum Pending {
    /// At most one sector of a write.
    case piece(file: Int, offset: Int, bytes: [UInt8])
    case length(file: Int, Int)
    /// Names that changed together; durable once everything it waits for has been synced.
    case names([String: Medium.Entry?], files: Set<Int>, directories: Set<String>)
    /// A variable of the firmware, whose storage takes it as a whole.
    case variable(file: Int, path: String, bytes: [UInt8]?)

    func apply(to medium: inout Medium) {
        switch self {
        case .piece(let file, let offset, let bytes):
            var content = medium.contents[file] ?? []
            let missing = offset + bytes.count - content.count
            if missing > 0 { content += Array(repeating: 0, count: missing) }
            content.replaceSubrange(offset..<offset + bytes.count, with: bytes)
            medium.contents[file] = content
        case .length(let file, let count):
            let content = (medium.contents[file] ?? []).prefix(count)
            medium.contents[file] = content + Array(repeating: 0, count: count - content.count)
        case .names(let changes, _, _):
            for (path, entry) in changes { medium.names[path] = entry }
            // Nothing is in a directory that is gone.
            for (path, entry) in changes where entry == nil {
                medium.names = medium.names.filter { !$0.key.hasPrefix("\(path)/") }
            }
        case .variable(let file, let path, let bytes):
            medium.names[path] = bytes == nil ? nil : .file(file)
            medium.contents[file] = bytes
        }
    }
}
