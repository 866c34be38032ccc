internal import Hummingbird

extension Router<WebServer.Context> {
    /// Answers, at each path that there is, the methods that it does not have (RFC 9110 sections
    /// 9.3.7 and 15.5.6); to be called once all routes are added.
    func answerOtherMethods() {
        for routes in Dictionary(grouping: routes, by: \.path.description).values {
            guard let path = routes.first?.path else { continue }
            var known = Set(routes.map(\.method))
            // Who may get something may ask for its head.
            if known.contains(.get) { known.insert(.head) }
            let allowed = known.map(\.rawValue).sorted().joined(separator: ", ")
            for method in Self.methods where !known.contains(method) {
                on(path, method: method) { request, context in
                    guard request.method != .options else {
                        return Response(status: .noContent, headers: [.allow: allowed])
                    }
                    return context.error(
                        "here is only \(allowed)", status: .methodNotAllowed,
                        headers: [.allow: allowed])
                }
            }
        }
    }

    private static var methods: [HTTPRequest.Method] {
        let query = HTTPRequest.Method(rawValue: "QUERY").map { [$0] } ?? []
        return [.get, .head, .post, .put, .delete, .patch, .options, .trace, .connect] + query
    }
}
