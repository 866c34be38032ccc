public import ArgumentParser
internal import Codecs
import Foundation
public import Model
internal import Trust

extension Payload.Format: ExpressibleByArgument {
    public static var allValueStrings: [String] { allCases.map(\.rawValue) }

    /// What the name of the file at `path` says that it is meant to be; `nil` when it says nothing.
    static func guess(_ path: String) -> Payload.Format? {
        let name = URL(filePath: path).lastPathComponent.lowercased()
        return byEnding.first { name.hasSuffix($0.ending) }?.format
    }

    /// The longer ending before the one that it ends in.
    private static let byEnding: [(ending: String, format: Payload.Format)] = [
        (".tar", .tar), (".tar.gz", .tar), (".tgz", .tar), (".tar.zst", .tar), (".tar.xz", .tar),
        (".zst", .zstd), (".xz", .xz), (".raucb", .installer), (".swu", .installer),
        (".mender", .installer),
    ]
}

extension Payload {
    /// What the image in the file at `path` becomes in a slot, found by doing it.
    ///
    /// - Parameter image: What the file was found to be; one that is another now is refused.
    init(of image: ImageReference, in path: String, _ format: Format) throws(SlipwayError) {
        do {
            for window in [
                DecoderLimits.standardWindowBytes, DecoderLimits.allowedWindowBytes.upperBound,
            ] {
                guard let result = try Unpacking(path, format, windowBytes: window) else {
                    self = .sameBytes(as: image, format)
                    return
                }
                guard let installed = result.installed else { continue }
                guard result.sha256 == image.sha256 else {
                    throw SlipwayError.badInput(
                        path: path, problem: "it changed while it was published")
                }
                if window > DecoderLimits.standardWindowBytes { Self.tellOfWindow(path, window) }
                self = Payload(
                    format: format, installedLength: installed.length,
                    installedSHA256: installed.sha256)
                return
            }
        } catch let error as SlipwayError { throw error } catch {
            throw .badInput(path: path, problem: "\(error)")
        }
        throw .badInput(
            path: path,
            problem: "decompressing it takes more memory than any device may be configured to give:"
                + " compress it with a window of at most 64 MiB")
    }

    private static func tellOfWindow(_ path: String, _ window: Int) {
        FileHandle.standardError.write(
            Data(
                """
                slipway: \(path.visible): devices need "window_bytes": \(window) to decompress it

                """.utf8))
    }
}

/// One pass over a compressed file.
private struct Unpacking {
    let sha256: Digest
    /// `nil` when the window was not large enough.
    let installed: (length: Int64, sha256: Digest)?

    /// No image of a device is larger; in bytes.
    private static let maximumInstalledBytes: Int64 = 1 << 44

    /// Returns `nil` for a format that is not decompressed.
    init?(_ path: String, _ format: Payload.Format, windowBytes: Int) throws {
        let limits = DecoderLimits(
            outputBytes: Self.maximumInstalledBytes, windowBytes: windowBytes)
        guard let decoder = try format.decoder(limits: limits) else { return nil }
        let hashing = RepositorySource.cryptography.hashing
        var packed = hashing.sha256Stream()
        var unpacked = hashing.sha256Stream()
        let handle = try FileHandle(forReadingFrom: URL(filePath: path))
        defer { try? handle.close() }
        do throws(CodecError) {
            while let piece = try? handle.read(upToCount: 262_144), !piece.isEmpty {
                packed.update(Array(piece))
                try decoder.decode(Array(piece)) { installed in
                    unpacked.update(installed)
                    return true
                }
            }
            try decoder.finish { installed in
                unpacked.update(installed)
                return true
            }
        } catch {
            guard case .needsMoreMemory = error else { throw error }
            sha256 = packed.finish()
            installed = nil
            return
        }
        sha256 = packed.finish()
        installed = (decoder.decodedByteCount, unpacked.finish())
    }
}
