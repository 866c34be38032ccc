internal import Foundation
public import Model
public import Orchestrator

/// Images under `targets/` and `staging/`, as plain files that any web server can serve.
extension RepositoryDirectory: ImageStore {
    public func holds(_ image: ImageReference) throws(StoreError) -> Bool {
        FileStatus(target(image))?.length == image.length
    }

    public func stagedLength(of digest: Digest) throws(StoreError) -> Int64? {
        FileStatus(staged(digest))?.length
    }

    public func stage(_ digest: Digest, from path: String) throws(StoreError) {
        let destination = staged(digest)
        do {
            try? FileManager.default.removeItem(at: destination)
            try FileManager.default.moveItem(at: URL(filePath: path), to: destination)
            try Self.sync(destination.deletingLastPathComponent())
        } catch { throw Self.error(error) }
    }

    public func publishStaged(_ image: ImageReference) throws(StoreError) {
        do {
            try makeRoom(for: image)
            try FileManager.default.moveItem(at: staged(image.sha256), to: target(image))
            try syncFolders(of: image)
        } catch { throw Self.error(error) }
    }

    public func publish(
        _ image: ImageReference, withBytesOf twin: ImageReference
    ) throws(StoreError) {
        do {
            try makeRoom(for: image)
            try FileManager.default.linkItem(at: target(twin), to: target(image))
            try syncFolders(of: image)
        } catch { throw Self.error(error) }
    }

    public var isElsewhere: Bool { link != nil }

    public func link(to image: ImageReference) throws(StoreError) -> String? {
        link.map { "\($0)/targets/\(URLPath.encodeAll(image.path.prefixed(by: image.sha256)))" }
    }

    private func makeRoom(for image: ImageReference) throws {
        let file = target(image)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        if FileStatus(file) != nil { try FileManager.default.removeItem(at: file) }
    }

    /// Makes the file's name durable, and the names of the folders that were made for it.
    private func syncFolders(of image: ImageReference) throws {
        var folder = target(image)
        for _ in image.path.text.split(separator: "/") {
            folder = folder.deletingLastPathComponent()
            try Self.sync(folder)
        }
    }

    /// Where an uploaded image waits under its digest.
    private func staged(_ digest: Digest) -> URL { folder.appending(path: "staging/\(digest)") }

    private func target(_ image: ImageReference) -> URL {
        folder.appending(path: "targets/\(image.path.prefixed(by: image.sha256))")
    }
}

// MARK: - What may be removed

extension RepositoryDirectory {
    /// Files whose names are not those of images are nobody's business here, and stay.
    public func kept() throws(StoreError) -> [KeptImage] {
        let targets = folder.appending(path: "targets")
        do {
            let published = try FileManager.default.subpathsOfDirectory(atPath: targets.path)
            let waiting = try FileManager.default.contentsOfDirectory(atPath: staging.path)
            return published.compactMap { kept("targets/\($0)", digest: Self.digest(before: $0)) }
                + waiting.compactMap { kept("staging/\($0)", digest: Digest(hex: $0)) }
        } catch { throw Self.error(error) }
    }

    private func kept(_ place: String, digest: Digest?) -> KeptImage? {
        guard let digest, let status = FileStatus(folder.appending(path: place)) else {
            return nil
        }
        return KeptImage(
            place: place, sha256: digest, length: status.length, since: status.modified)
    }

    /// The digest that stands before the last name of a published path.
    private static func digest(before path: String) -> Digest? {
        let parts = path.split(separator: "/").last?.split(separator: ".", maxSplits: 1)
        guard let parts, parts.count == 2 else { return nil }
        return Digest(hex: String(parts[0]))
    }

    public func remove(_ image: KeptImage) throws(StoreError) {
        try Self.remove(folder.appending(path: image.place))
    }

    /// Uploads in one go whose process ended in the middle.
    public func removeFragments(before moment: Instant, isTrial: Bool) throws(StoreError) -> Int {
        do {
            let names = try FileManager.default.contentsOfDirectory(atPath: staging.path)
            let old = names.map { staging.appending(path: $0) }.filter {
                $0.lastPathComponent.hasSuffix(StagedUpload.suffix)
                    && FileStatus($0).map { $0.modified < moment } == true
            }
            if !isTrial { for file in old { try FileManager.default.removeItem(at: file) } }
            return old.count
        } catch { throw Self.error(error) }
    }
}
