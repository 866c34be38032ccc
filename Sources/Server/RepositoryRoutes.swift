import Foundation
internal import Hummingbird
internal import Model

/// The two public folders of the repository as plain files; uploads wait in a third.
///
/// Only names that a repository can have are looked for, so that no path leads outside.
struct RepositoryRoutes {
    let folder: String
    private let links: ImageLinks
    private let reading = ImageReading()

    init(folder: String, links: ImageLinks) {
        self.folder = folder
        self.links = links
    }

    func add(to router: Router<WebServer.Context>) {
        for method in [HTTPRequest.Method.get, .head] {
            router.on("repository/metadata/{name}", method: method) { request, context in
                let name = try context.parameters.require("name")
                // Encoded, a name is one file of the folder, whatever characters it has.
                guard name.hasSuffix(".json"), name.utf8.count <= 128, name.first != "." else {
                    throw HTTPError(.notFound)
                }
                return try metadata(URLPath.encode(name), request, context)
            }
            router.on("repository/targets/**", method: method) { request, context in
                let path = context.parameters.getCatchAll().joined(separator: "/")
                guard let target = PublishedTarget(path) else { throw HTTPError(.notFound) }
                if let answer = try await links.answer(target, request) { return answer }
                return try await self.target(target, request, context)
            }
            // For whoever fetches them to serve them elsewhere, and must not be sent to itself.
            router.on("origin/targets/**", method: method) { request, context in
                let path = context.parameters.getCatchAll().joined(separator: "/")
                guard let target = PublishedTarget(path) else { throw HTTPError(.notFound) }
                return try await self.target(target, request, context)
            }
        }
    }

    /// Read at once, because the timestamp is replaced while it is served; metadata is small.
    private func metadata(
        _ name: String, _ request: Request, _ context: WebServer.Context
    ) throws -> Response {
        let path = "\(folder)/metadata/\(name)"
        guard try length(of: path) != nil, let data = FileManager.default.contents(atPath: path)
        else { throw HTTPError(.notFound) }
        switch ByteRange(request.headers[.range], byteCount: data.count) {
        case .unsatisfiable: return context.unsatisfiable(byteCount: data.count)
        case .whole: return Response(bytes: Array(data), headers: .file).answering(request)
        case .part(let range):
            return Response(
                bytes: Array(data[range]), status: .partialContent,
                headers: .file(range, of: data.count)
            ).answering(request)
        }
    }

    private func target(
        _ target: PublishedTarget, _ request: Request, _ context: WebServer.Context
    ) async throws -> Response {
        let path = "\(folder)/targets/\(target.path)"
        guard let length = try length(of: path) else { throw HTTPError(.notFound) }
        if request.headers[.ifNoneMatch] == target.entityTag {
            return Response(status: .notModified, headers: [.eTag: target.entityTag])
        }
        let isSame = request.headers[.ifRange].map { $0 == target.entityTag } ?? true
        let asked = isSame ? request.headers[.range] : nil
        var headers: HTTPFields
        let range: ClosedRange<Int>
        let status: HTTPResponse.Status
        switch ByteRange(asked, byteCount: length) {
        case .unsatisfiable: return context.unsatisfiable(byteCount: length)
        case .whole: (headers, range, status) = (.file, 0...length - 1, .ok)
        case .part(let part):
            (headers, range, status) = (.file(part, of: length), part, .partialContent)
        }
        headers[.eTag] = target.entityTag
        headers[.contentType] = "application/octet-stream"
        headers[.contentLength] = "\(range.count)"
        guard request.method == .get else { return Response(status: status, headers: headers) }
        return Response(
            status: status, headers: headers,
            body: reading.body(path: path, range: range, over: context.eventLoop))
    }

    /// In bytes; `nil` when there is no such file, or no plain one with anything in it.
    private func length(of path: String) throws -> Int? {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        guard let attributes, attributes[.type] as? FileAttributeType == .typeRegular,
            let length = attributes[.size] as? Int64, length > 0
        else { return nil }
        return Int(length)
    }
}

/// The path of a target under a consistent snapshot: its digest stands before the last name.
struct PublishedTarget {
    let path: String
    /// Without the digest, as metadata has it.
    let name: TargetPath
    let digest: Digest

    /// Returns `nil` for every path under which nothing is published.
    init?(_ path: String) {
        let folderEnd = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        let file = path[folderEnd...]
        guard let dot = file.firstIndex(of: "."), let digest = Digest(hex: String(file[..<dot])),
            let name = TargetPath("\(path[..<folderEnd])\(file[file.index(after: dot)...])")
        else { return nil }
        self.path = path
        self.name = name
        self.digest = digest
    }

    /// Strong: the same digest is the same bytes for ever.
    var entityTag: String { "\"\(digest.hex)\"" }
}

extension HTTPFields {
    fileprivate static var file: HTTPFields { [.acceptRanges: "bytes"] }

    fileprivate static func file(_ range: ClosedRange<Int>, of byteCount: Int) -> HTTPFields {
        var fields = file
        fields[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound)/\(byteCount)"
        return fields
    }
}

extension WebServer.Context {
    fileprivate func unsatisfiable(byteCount: Int) -> Response {
        error(
            "the file has \(byteCount) bytes and none of that range",
            status: .rangeNotSatisfiable, headers: [.contentRange: "bytes */\(byteCount)"])
    }
}

extension Response {
    /// The answer without its body when only the head was asked for.
    fileprivate func answering(_ request: Request) -> Response {
        request.method == .head ? createHeadResponse() : self
    }
}
