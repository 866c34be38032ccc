public import Model

/// What routes ask of the store about images.
public protocol ImageReader {
    /// The image with this digest at this path, if devices may have it: it is published, or an open
    /// offer is for it.
    func fetchableImage(at path: TargetPath, _ sha256: Digest) throws -> ImageReference?
}

extension Orchestrator {
    /// Whether devices are sent elsewhere for images.
    public var sendsElsewhere: Bool { images.isElsewhere }

    /// Where a device gets the image now.
    ///
    /// Only what signed metadata names has a link, whatever else lies in a bucket.
    ///
    /// - Returns: `nil` for an image that is not published.
    public func link(
        toImageAt path: TargetPath, _ sha256: Digest
    ) async throws(Refusal) -> (image: ImageReference, address: String)? {
        let image = try await read { try $0.fetchableImage(at: path, sha256) }
        guard let image else { return nil }
        do {
            return try await images.link(to: image).map { (image, $0) }
        } catch { throw .store(error) }
    }
}
