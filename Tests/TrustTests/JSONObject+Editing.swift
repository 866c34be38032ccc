import JSON

extension JSONObject {
    /// The same object with the member at `path` replaced, or taken away when `value` is `nil`.
    func editing(_ path: String..., to value: JSONValue?) -> JSONObject {
        editing(path[...], to: value)
    }

    func editing(_ path: [String], to value: JSONValue?) -> JSONObject {
        editing(path[...], to: value)
    }

    private func editing(_ path: ArraySlice<String>, to value: JSONValue?) -> JSONObject {
        guard let first = path.first else { preconditionFailure("a path must not be empty") }
        guard path.count == 1 else {
            guard case .object(let inner) = self[first] else {
                preconditionFailure("there must be an object called \(first)")
            }
            return setting(first, to: .object(inner.editing(path.dropFirst(), to: value)))
        }
        if let value { return setting(first, to: value) }
        return JSONObject(members.filter { $0.key.text != first }.map { ($0.key.text, $0.value) })
    }
}
