public import JSON
public import Model

/// What a bundle says of itself: one file that carries an update to a device without a network.
///
/// A bundle (`.slip`) is, one after the other and with nothing behind it:
///
/// 1. the line `slipway-bundle 1`;
/// 2. a line with the length of the manifest in bytes, in decimal digits;
/// 3. the manifest, one JSON object exactly as ``bytes`` writes it: `_type`, `release`, `path`,
///    `sha256` and `length` of the image, and `files`, each with `name` and `length`;
/// 4. the bytes of each of the files, in the manifest's order: the repository's signed metadata
///    under the names by which a device asks for it;
/// 5. the image.
///
/// It can be written and read in one pass, and everything in it has its limit. Nothing in it is
/// trusted: the manifest only says where to find the signed metadata, which must say the same.
public struct BundleManifest: WireMessage {
    public var release: ReleaseID
    public var image: ImageReference
    /// In the order in which they stand in the bundle; each name once.
    public var files: [File]

    /// One file of metadata.
    public struct File: WireMessage {
        /// By which a device asks for it, such as `2.root.json`; never a path.
        public var name: String
        /// In bytes.
        public var length: Int64

        public init(name: String, length: Int64) {
            self.name = name
            self.length = length
        }

        /// The longest name, in bytes: more than a delegated role's takes.
        static let maximumNameBytes = 512

        public var json: JSONObject { ["name": .string(name), "length": .integer(length)] }

        public init(_ fields: JSONFields) throws(JSONShapeError) {
            name = try fields.string("name", maximumByteCount: Self.maximumNameBytes)
            length = try fields.integer("length", in: 0...BundleManifest.maximumFileLength)
        }
    }

    public static let type = "slipway-bundle"
    /// The longest manifest, in bytes.
    public static let maximumByteCount = 1_048_576
    /// The most files of metadata: the longest chain of roots, and the deepest delegation.
    public static let maximumFileCount = 1024
    /// The longest file of metadata, in bytes.
    public static let maximumFileLength: Int64 = 8_388_608

    public init(release: ReleaseID, image: ImageReference, files: [File]) {
        self.release = release
        self.image = image
        self.files = files
    }

    public var json: JSONObject {
        let members: [(String, JSONValue?)] = [
            ("_type", .string(Self.type)), ("release", .text(release)), ("files", .list(files)),
        ]
        return JSONObject(present: members + image.members)
    }

    public init(_ fields: JSONFields) throws(JSONShapeError) {
        guard try fields.string("_type") == Self.type else {
            throw fields.refused("_type", "\"\(Self.type)\"")
        }
        release = try fields.release("release")
        image = try fields.image()
        files = try fields.messages("files", maximumCount: Self.maximumFileCount)
        guard Set(files.map(\.name)).count == files.count else {
            throw fields.refused("files", "each name once")
        }
    }
}

/// A bundle's head, and where everything behind it lies.
public struct BundleHead: Hashable, Sendable {
    public let manifest: BundleManifest
    /// Of the two lines and the manifest.
    public let byteCount: Int64

    /// The first line, with its end.
    static let magic = Array("slipway-bundle 1\n".utf8)
    /// What is enough to hold both lines, in bytes.
    public static let linesByteCount = 32

    public init(_ manifest: BundleManifest) {
        self.manifest = manifest
        byteCount = Int64(Self.lines(manifest.bytes.count).count + manifest.bytes.count)
    }

    /// What a bundle begins with.
    public var bytes: [UInt8] {
        let manifest = manifest.bytes
        return Self.lines(manifest.count) + manifest
    }

    private static func lines(_ count: Int) -> [UInt8] { magic + Array("\(count)\n".utf8) }

    /// Where the head ends, as its first lines say.
    ///
    /// - Parameter beginning: The first ``linesByteCount`` bytes of the bundle.
    public static func byteCount(from beginning: [UInt8]) throws(BundleError) -> Int {
        guard beginning.starts(with: magic) else { throw .notABundle }
        let digits = beginning.dropFirst(magic.count).prefix { $0 != UInt8(ascii: "\n") }
        // What `lines` does not write is refused: signs, leading zeros, a line that does not end.
        guard let count = Int(String(decoding: digits, as: UTF8.self)),
            (1...BundleManifest.maximumByteCount).contains(count),
            beginning.starts(with: lines(count))
        else { throw .badLength }
        return lines(count).count + count
    }

    /// Reads a whole head, which ends where ``byteCount(from:)`` says.
    public init(parsing bytes: [UInt8]) throws(BundleError) {
        let count = try Self.byteCount(from: bytes)
        guard bytes.count == count else { throw .badLength }
        let lines = bytes.prefix { $0 != UInt8(ascii: "{") }
        let text = Array(bytes.dropFirst(lines.count))
        do {
            manifest = try BundleManifest(
                parsing: text, limitBytes: BundleManifest.maximumByteCount)
        } catch { throw .manifest(error) }
        // One meaning, one form: nothing that a reader overlooks stands in it.
        guard manifest.bytes == text else { throw .notCanonical }
        byteCount = Int64(count)
    }

    /// Where the bytes of the file `name` lie; `nil` when the bundle has no such file.
    public func range(of name: String) -> Range<Int64>? {
        var offset = byteCount
        for file in manifest.files {
            if file.name == name { return offset..<offset + file.length }
            offset += file.length
        }
        return nil
    }

    /// Where the image begins: the limits keep this far from the largest number.
    public var imageOffset: Int64 { manifest.files.reduce(byteCount) { $0 + $1.length } }

    /// How long the whole bundle must be; `nil` when no file can be.
    public var totalByteCount: Int64? {
        let (sum, overflow) = imageOffset.addingReportingOverflow(manifest.image.length)
        return overflow ? nil : sum
    }
}

/// Why a file is no bundle.
public enum BundleError: Error, Hashable, CustomStringConvertible {
    case notABundle
    /// The manifest is not as long as the second line says, or longer than it may be.
    case badLength
    case manifest(WireError)
    case notCanonical

    public var description: String {
        switch self {
        case .notABundle: "it is not a bundle of this format"
        case .badLength: "its manifest has no acceptable length"
        case .manifest(let error): "its manifest is not sound: \(error)"
        case .notCanonical: "its manifest is not in the one form that is written"
        }
    }
}
