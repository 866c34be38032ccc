internal import Model
internal import Orchestrator

extension SQLTransaction {
    private static let selectPublished = """
        SELECT path, sha256, length_bytes FROM images WHERE path = ? AND sha256 = ?
        """
    private static let selectOffered = """
        SELECT path, sha256, length_bytes FROM offers
            WHERE sha256 = ? AND path = ? AND outcome = 'open' LIMIT 1
        """

    func fetchableImage(at path: TargetPath, _ sha256: Digest) throws -> ImageReference? {
        let published = try rows(Self.selectPublished, [path.text, sha256.hex]).first
        guard published == nil else { return try published?.image() }
        return try rows(Self.selectOffered, [sha256.hex, path.text]).first.map { try $0.image() }
    }
}
