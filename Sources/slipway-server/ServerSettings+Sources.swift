import Foundation
internal import Server

extension ServerSettings {
    /// From the file, then the environment, then flags; the later wins.
    static func gathered(
        config: String?, flags: [(Key, String?)]
    ) throws(ServerProblem) -> ServerSettings {
        var settings = ServerSettings()
        if let config {
            guard let bytes = FileManager.default.contents(atPath: config) else {
                throw .configuration("\(config): there is no such file")
            }
            do { try settings.take(file: Array(bytes)) } catch {
                throw .configuration("\(config): \(error)")
            }
        }
        do {
            try settings.take(environment: ProcessInfo.processInfo.environment)
            for (key, text) in flags { if let text { try settings.set(key, text) } }
        } catch { throw .configuration("\(error)") }
        return settings
    }
}
