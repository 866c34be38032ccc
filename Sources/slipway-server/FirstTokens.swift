import Foundation
internal import Model
internal import Orchestrator

/// How a server without any token gets its first.
///
/// An earlier version kept tokens in files: those are taken over. Else one for an administrator is
/// made, written to `operator-token`, and said once. Files have no meaning after that.
struct FirstTokens {
    let folder: DataFolder
    let orchestrator: Orchestrator

    private static let file = "operator-token"

    func make() async throws {
        guard try await orchestrator.hasNoTokens() else { return }
        guard let name = OperatorName("operator") else { preconditionFailure("it is a name") }
        let others = try operators(besides: name)
        if let kept = try folder.token(in: Self.file) {
            let first = Orchestrator.KeptToken(name: name, text: kept)
            try refuseTwins([first] + others)
            guard try await orchestrator.adopt(first, others) else { return }
            return folder.say("took over \(others.count + 1) tokens of \(folder.folder.path)")
        }
        // On the disk first: a server that dies in between takes it over when it starts again.
        let text = try orchestrator.newTokenText()
        try folder.write(text, to: Self.file)
        let first = Orchestrator.KeptToken(name: name, text: text)
        if try await orchestrator.adopt(first, others) {
            folder.say("the administrator's token, told only now: \(text)")
        } else {
            // Another server on the same database was faster, so this one is nobody's.
            try FileManager.default.removeItem(at: folder.folder.appending(path: Self.file))
        }
    }

    /// Those of the files in `operators`, each called by its owner's name.
    private func operators(
        besides first: OperatorName
    ) throws(ServerProblem) -> [Orchestrator.KeptToken] {
        let place = folder.folder.appending(path: "operators").path
        var tokens: [Orchestrator.KeptToken] = []
        let names = (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []
        for name in names.sorted() {
            guard let known = OperatorName(name), known != first else {
                throw .data("\(place)/\(name) is not called as an operator can be")
            }
            guard let token = try folder.token(in: "operators/\(name)") else { continue }
            tokens.append(Orchestrator.KeptToken(name: known, text: token))
        }
        return tokens
    }

    private func refuseTwins(_ tokens: [Orchestrator.KeptToken]) throws(ServerProblem) {
        guard Set(tokens.map(\.text)).count == tokens.count else {
            throw .data("two operators have the same token in \(folder.folder.path)")
        }
    }
}
