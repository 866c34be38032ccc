import Foundation
import Testing

/// The faults that `make mutants` puts into the product can still be put there.
@Suite struct MutantListTests {
    struct Mutant {
        let name: String
        let file: String
        let old: String
        let new: String
    }

    static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    static func all() throws -> [Mutant] {
        let file = root.appending(path: "Tests/FleetSimulationTests/mutants.txt")
        let text = try String(contentsOf: file, encoding: .utf8)
        return text.components(separatedBy: "\n== ").dropFirst().map { block in
            let lines = block.components(separatedBy: "\n")
            func marked(_ mark: String) -> String {
                lines.filter { $0.hasPrefix(mark) }.map { String($0.dropFirst()) }
                    .joined(separator: "\n")
            }
            return Mutant(
                name: lines[0], file: String(lines[1].dropFirst("file ".count)), old: marked("-"),
                new: marked("+"))
        }
    }

    @Test func whatGoesStandsInItsFileOnce() throws {
        let mutants = try Self.all()
        #expect(mutants.count >= 30)
        for mutant in mutants {
            let text = try String(
                contentsOf: Self.root.appending(path: mutant.file), encoding: .utf8)
            #expect(text.components(separatedBy: mutant.old).count == 2, "\(mutant.name)")
            #expect(mutant.old != mutant.new && !mutant.old.isEmpty, "\(mutant.name)")
        }
    }
}
