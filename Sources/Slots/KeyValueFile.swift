internal import Agent

/// Lines of `key=value`: what shell scripts and bootloaders can read and write.
struct KeyValueFile {
    let path: String
    var values: [String: String] = [:]
    private let disk: any Disk

    /// Returns `nil` when there is no such file.
    init?(reading path: String, on disk: any Disk) throws(SlotError) {
        guard let bytes = try DurableFile.read(path, on: disk) else { return nil }
        self.path = path
        self.disk = disk
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            guard let equals = line.firstIndex(of: "=") else {
                throw .malformed(path: path, problem: "the line \"\(line)\" is not key=value")
            }
            values[String(line[..<equals])] = String(line[line.index(after: equals)...])
        }
    }

    init(path: String, values: [String: String], on disk: any Disk) {
        self.path = path
        self.disk = disk
        self.values = values
    }

    func save() throws(SlotError) {
        let lines = values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)\n" }
        try DurableFile.replace(path, with: Array(lines.joined().utf8), on: disk)
    }

    func value<Value>(
        _ key: String, _ expected: String, _ make: (String) -> Value?
    ) throws(SlotError) -> Value {
        guard let text = values[key], let value = make(text) else {
            throw .malformed(path: path, problem: "\(key) is not \(expected)")
        }
        return value
    }
}
