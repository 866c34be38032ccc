internal import JSON
internal import Model

/// Uploads by the tus protocol 1.0.0, which says what its headers mean.
extension OpenAPIOperations {
    static let uploads: [OpenAPIOperation] = {
        let ask = operation(
            .options, "uploads", "askUploads", "releases",
            "Which version and extensions of the tus protocol the server speaks.", .empty(204))
        var begin = operation(
            .post, "uploads", "beginUpload", "releases",
            "Begin the upload of an image, or find how far it is.", .empty(201))
        begin.parameters = [
            .tusVersion,
            .header("Upload-Length", "The image's length, in bytes.", .length).required,
            .header(
                "Upload-Metadata", "sha256, a space, and the digest's hexadecimal form in base 64.",
                ["type": "string", "pattern": "^sha256 [A-Za-z0-9+/]{86}==$"]
            ).required,
        ]
        begin.refusals = [409, 412, 413, 422, 507]
        begin.hasLocation = true
        var head = operation(
            .head, "uploads/{sha256}", "getUpload", "releases", "How far an upload is.",
            .empty(200))
        head.parameters = [.tusVersion]
        head.refusals = [404, 412, 422, 507]
        var append = operation(
            .patch, "uploads/{sha256}", "appendToUpload", "releases",
            "Send the bytes from an offset on.", .empty(204))
        append.parameters = appending
        append.body = .piece
        append.refusals = [404, 409, 412, 413, 415, 422, 460, 507]
        var end = operation(
            .delete, "uploads/{sha256}", "endUpload", "releases",
            "End an upload and forget its bytes.", .empty(204))
        end.parameters = [.tusVersion]
        end.refusals = [404, 409, 412]
        var override = operation(
            .post, "uploads/{sha256}", "overrideUpload", "releases",
            "PATCH or DELETE, for clients that can send neither.", .empty(204))
        override.parameters =
            appending + [
                .header(
                    "X-HTTP-Method-Override", "The method that is meant.",
                    ["type": "string", "enum": ["PATCH", "DELETE"]]
                ).required
            ]
        override.body = .piece
        override.refusals = [404, 409, 412, 413, 415, 422, 460, 507]
        return [ask, begin, head, append, end, override]
    }()

    private static let appending: [OpenAPIParameter] = [
        .tusVersion,
        .header("Upload-Offset", "Where the first byte belongs.", .byteCount).required,
        .header(
            "Upload-Checksum", "sha256, a space, and the digest of the body in base 64.",
            ["type": "string", "pattern": "^sha256 [A-Za-z0-9+/]{43}=$"]),
    ]
}

extension OpenAPIParameter {
    /// Without it the protocol wants 412, which is no answer to a request of a wrong shape.
    fileprivate static let tusVersion = header(
        "Tus-Resumable", "The version of the protocol; nothing is done without it.",
        ["type": "string", "enum": ["1.0.0"]])
}

extension JSONValue {
    fileprivate static let byteCount: JSONValue = ["type": "integer", "minimum": 0]
    fileprivate static let length: JSONValue = [
        "type": "integer", "minimum": 1, "maximum": .integer(Limits.standard.imageBytes),
    ]
}
