internal import Hummingbird
internal import Model
internal import Orchestrator
internal import Wire

/// The inventory: what comes and goes in files, and who is expected.
struct InventoryRoutes {
    let orchestrator: Orchestrator

    /// The longest file that is taken, in bytes: the most rows, with room for each.
    private static let fileLimitBytes = 268_435_456

    /// How many devices are stored, or read, in one transaction.
    private static let batchCount = 1000

    func add(to group: RouterGroup<WebServer.Context>) {
        group.get("inventory") { request, _ in try export(request) }
        group.post("inventory") { request, context in
            Response(try await take(request, by: context.requirePrincipal()))
        }
        group.get("inventory/applications") { _, _ in
            Response(ListAnswer(items: try await orchestrator.applications()))
        }
        group.post("inventory/{id}/accept-key") { request, context in
            let asked: KeyRequest = try await request.message(
                limitBytes: orchestrator.requestLimitBytes)
            guard let key = asked.key else {
                throw Refusal.invalid("public_key: there is no such Ed25519 key")
            }
            return Response(
                try await orchestrator.acceptKey(
                    key, ofExpected: ManagementRoutes.name("id", context),
                    by: context.requireOperator()))
        }
        group.delete("inventory/{id}") { _, context in
            try await orchestrator.forget(
                expected: ManagementRoutes.name("id", context), by: context.requireOperator())
            return Response(status: .noContent)
        }
    }

    private func take(
        _ request: Request, by principal: Principal
    ) async throws -> ImportReport {
        let format = try Self.format(request.headers[.contentType])
        let isTrial = try request.query("dry_run") { Bool($0) } ?? false
        var reader = InventoryFileReader(format)
        var importing = orchestrator.importing(
            isTrial: isTrial, by: principal.name, with: principal.permissions)
        var waiting: [NumberedRow] = []
        var byteCount = 0
        do {
            for try await piece in request.body {
                byteCount += piece.readableBytes
                guard byteCount <= Self.fileLimitBytes else {
                    throw Refusal.tooLong(limitBytes: Int64(Self.fileLimitBytes))
                }
                waiting += try reader.push(piece.readableBytesView)
                while waiting.count >= Self.batchCount {
                    try await importing.take(Array(waiting.prefix(Self.batchCount)))
                    waiting.removeFirst(Self.batchCount)
                }
            }
            waiting += try reader.finish()
        } catch let error as InventoryFileError {
            // What was read before is taken over, so that the report says where to go on.
            throw Refusal.malformed(
                "\(error); \(importing.rowCount) rows before it were taken over")
        }
        try await importing.take(waiting)
        return importing.report
    }

    private static func format(_ contentType: String?) throws -> InventoryFormat {
        switch contentType?.split(separator: ";").first?.lowercased() {
        case "text/csv": return .csv
        case "application/json", "application/x-ndjson": return .json
        default:
            throw HTTPError(
                .unsupportedMediaType,
                message: "send text/csv, application/json or application/x-ndjson")
        }
    }

    /// Page after page is read while it is sent, so that memory does not grow with the fleet.
    private func export(_ request: Request) throws -> Response {
        let format = try request.query("format") { InventoryFormat(rawValue: $0) } ?? .json
        let orchestrator = orchestrator
        let body = ResponseBody { writer in
            var names = AttributeNames()
            if format == .csv {
                try await Self.forEachPage(orchestrator) { page in names.add(page) }
            }
            var file = InventoryFileWriter(format, set: names.set, reported: names.reported)
            try await writer.write(ByteBuffer(string: file.head))
            var after: DeviceID?
            while case let page = try await orchestrator.inventory(
                after: after, limit: Self.batchCount), let last = page.last
            {
                let text = page.map { file.text(of: $0) }.joined()
                try await writer.write(ByteBuffer(string: text))
                after = last.row.id
            }
            try await writer.write(ByteBuffer(string: file.tail))
            try await writer.finish(nil)
        }
        let type = format == .csv ? "text/csv; charset=utf-8" : "application/json"
        return Response(status: .ok, headers: [.contentType: type], body: body)
    }

    private static func forEachPage(
        _ orchestrator: Orchestrator, _ body: ([InventoryEntry]) -> Void
    ) async throws {
        var after: DeviceID?
        while case let page = try await orchestrator.inventory(after: after, limit: batchCount),
            let last = page.last
        {
            body(page)
            after = last.row.id
        }
    }
}

/// Which columns a comma-separated inventory needs.
private struct AttributeNames {
    var set: Set<String> = []
    var reported: Set<String> = []

    mutating func add(_ page: [InventoryEntry]) {
        for entry in page {
            set.formUnion(entry.row.attributes.values.keys)
            reported.formUnion(entry.reported.values.keys)
        }
    }
}
