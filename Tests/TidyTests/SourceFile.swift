import Foundation

/// One Swift file of this package, as text.
struct SourceFile {
    /// From the top of the package.
    let path: String
    let text: String

    static let packageRoot = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// All Swift files under `folder`, which is relative to the top of the package.
    static func all(under folder: String) throws -> [SourceFile] {
        let root = packageRoot.appending(path: folder)
        guard let walk = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)
        else { throw CocoaError(.fileReadNoSuchFile) }
        return try walk.compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }.map {
            url in
            SourceFile(
                path: String(url.path.dropFirst(packageRoot.path.count)),
                text: try String(contentsOf: url, encoding: .utf8))
        }
    }

    static func text(of path: String) throws -> String {
        try String(contentsOf: packageRoot.appending(path: path), encoding: .utf8)
    }

    /// The target that the file belongs to: the folder under `Sources` or `Tests`.
    var target: String {
        let parts = path.split(separator: "/")
        return parts.count > 2 ? String(parts[1]) : ""
    }

    /// The modules that the file imports.
    var imports: Set<String> {
        Set(
            text.matches(
                of:
                    /(?m)^\s*(?:@\w+ )*(?:public |internal |package |private |fileprivate )?import (?:struct |class |enum |func )?(\w+)/
            ).map { String($0.1) })
    }

    /// The text without comments and string literals, so that words in prose do not count.
    var code: String {
        text.replacing(/(?m)\/\/.*$/, with: "").replacing(/"(?:\\.|[^"\\\n])*"/, with: "\"\"")
    }
}
