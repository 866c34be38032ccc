/// Where a thing of an archive belongs below the directory that it is unpacked into.
///
/// An archive's author may be hostile even where its bytes are signed: a path is checked by itself,
/// and the directories that it goes through by whoever unpacks.
struct TreePath: Hashable {
    /// Never empty but for the directory itself; none is `.` or `..`.
    let components: [String]

    private static let maximumDepth = 64
    private static let maximumByteCount = 4096
    private static let maximumComponentByteCount = 255

    /// Returns `nil` for a path that is absolute, goes up or is longer than paths may be.
    init?(_ text: String) {
        guard !text.hasPrefix("/"), text.utf8.count <= Self.maximumByteCount else { return nil }
        let components = text.split(separator: "/").filter { $0 != "." }
        guard components.count <= Self.maximumDepth,
            components.allSatisfy({
                $0 != ".." && $0.utf8.count <= Self.maximumComponentByteCount
            })
        else { return nil }
        self.components = components.map(String.init)
    }

    /// The directories above it, the outermost first.
    var parents: [String] {
        components.indices.dropFirst().map { components[..<$0].joined(separator: "/") }
    }

    var text: String { components.joined(separator: "/") }

    /// Whether a symbolic link here may point to `target`.
    ///
    /// It may go up as far as the top, before it names anything, and never afterwards: a name on the
    /// way may be a link itself, and what is above that one's target nobody can tell.
    func allows(target: String) -> Bool {
        guard !target.isEmpty, !target.hasPrefix("/"), target.utf8.count <= Self.maximumByteCount
        else { return false }
        let words = target.split(separator: "/").filter { $0 != "." }
        let ups = words.prefix { $0 == ".." }
        return ups.count <= components.count - 1 && !words[ups.count...].contains("..")
    }
}
