import Foundation
internal import Curl
internal import Model
internal import OpenSSL
internal import Trust

extension RepositorySource {
    /// Hands on the image piece by piece until it is whole or `receive` says `false`.
    ///
    /// - Throws: ``SlipwayError`` for one that is missing or is not what was signed; by then all of
    ///   it has been handed on.
    func image(
        _ image: ImageReference, isConsistent: Bool, receive: @escaping ([UInt8]) -> Bool
    ) throws(SlipwayError) {
        let path = isConsistent ? image.path.prefixed(by: image.sha256) : image.path.text
        var digest = Self.cryptography.hashing.sha256Stream()
        var length: Int64 = 0
        var isStopped = false
        let take = { (piece: [UInt8]) -> Bool in
            digest.update(piece)
            length += Int64(piece.count)
            isStopped = !receive(piece)
            return !isStopped && length <= image.length
        }
        switch self {
        case .folder(let folder): try Self.read(folder, path, take)
        case .server, .url: try fetch(path, image.length, take)
        }
        guard !isStopped else { return }
        guard length == image.length, digest.finish() == image.sha256 else {
            throw .refused("the bytes of \(image.path) are not those that were signed")
        }
    }

    private static func read(
        _ repository: RepositoryFolder, _ path: String, _ take: ([UInt8]) -> Bool
    ) throws(SlipwayError) {
        let file = repository.folder.appending(path: "targets/\(path)")
        do {
            let handle = try FileHandle(forReadingFrom: file)
            defer { try? handle.close() }
            while let data = try handle.read(upToCount: 262_144), !data.isEmpty {
                guard take(Array(data)) else { return }
            }
        } catch { throw .missing(path: file.path) }
    }

    private func fetch(
        _ path: String, _ length: Int64, _ take: ([UInt8]) -> Bool
    ) throws(SlipwayError) {
        guard case .url(let url) = self else {
            throw .badInput(path: "--repo", problem: "it is neither a folder nor a URL")
        }
        let end: DownloadEnd
        do {
            end = try HTTPClient(options: .standard).download(
                url: "\(url)/targets/\(path)", headers: [], from: 0, ofLength: length,
                receive: take)
        } catch {
            if case .tooLong = error {
                throw .refused("\(path): \(error) (it may be an endless-data attack)")
            }
            throw .unreachable(server: url, problem: "\(error)")
        }
        switch end {
        case .complete, .stopped: return
        case .notFound: throw .refused("the repository does not have \(path)")
        case .rangeIgnored, .rangeNotSatisfiable:
            throw .unreachable(server: url, problem: "it does not serve \(path) from the beginning")
        case .foreign(let answer):
            throw .unreachable(
                server: url, problem: "what answers for \(path) is not it: \(answer)")
        case .later(let status, _):
            throw .unreachable(server: url, problem: "it answered \(status)")
        case .status(let status):
            throw .unreachable(server: url, problem: "it answered \(status)")
        }
    }
}
