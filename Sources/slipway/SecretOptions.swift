internal import ArgumentParser
import Foundation

/// Where a token goes that is told only once.
struct SecretOptions: ParsableArguments {
    @Option(
        name: .customLong("save"),
        help: "Write the token to this new file, for its owner only, and do not show it.")
    var file: String?

    /// Makes sure of the file before the token is made, and writes the token to it.
    ///
    /// - Parameter make: Gives an answer and the text of the token in it.
    func taking<Answer>(
        _ make: () throws -> (Answer, String)
    ) throws -> Answer {
        guard let file else { return try make().0 }
        let handle = try Self.newFile(file)
        do {
            let (answer, text) = try make()
            try handle.write(contentsOf: Data("\(text)\n".utf8))
            try handle.synchronize()
            return answer
        } catch {
            try? FileManager.default.removeItem(atPath: file)
            throw error
        }
    }

    /// An empty file that was not there before; nobody else can read it at any moment.
    private static func newFile(_ path: String) throws(SlipwayError) -> FileHandle {
        let url = URL(filePath: path)
        let before = umask(0o077)
        defer { _ = umask(before) }
        do {
            try Data().write(to: url, options: .withoutOverwriting)
            return try FileHandle(forWritingTo: url)
        } catch { throw .cannotCreate(path: path, problem: error.localizedDescription) }
    }

    func say(_ text: String) {
        if let file { return slipway.say("saved    \(file.visible)") }
        slipway.say("secret   \(text.visible)")
    }
}
