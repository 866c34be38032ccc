import Foundation
import Testing

/// The documentation says what the code does.
@Suite struct DocumentationTests {
    private static let top = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static func text(of path: String) throws -> String {
        try String(contentsOf: top.appending(path: path), encoding: .utf8)
    }

    /// What the article shows is what the tests of the example compile and run.
    @Test func theArticleQuotesTheExample() throws {
        let article = try Self.text(of: "Sources/Agent/Agent.docc/YourFirstDeviceDaemon.md")
        let blocks = article.matches(of: /(?s)```swift\n(.*?)```/).map { String($0.1) }
        let files = try ["ProductDaemon", "ProductPorts", "ProductServer"].map {
            try Self.text(of: "Tests/AgentTests/Example/\($0).swift")
        }
        #expect(blocks == files)
    }

    private static var sources: [(name: String, lines: [Substring])] {
        get throws {
            let folder = "Sources/Agent"
            let names = try FileManager.default.contentsOfDirectory(
                atPath: top.appending(path: folder).path
            ).filter { $0.hasSuffix(".swift") }
            return try names.map { name in
                let text = try text(of: "\(folder)/\(name)")
                return (name, text.split(separator: "\n", omittingEmptySubsequences: false))
            }
        }
    }

    /// Whoever links the library reads its documentation, not its source.
    ///
    /// What a protocol asks for is documented there, and a description says what it is.
    @Test func everythingPublicIsDocumented() throws {
        let declaration =
            /^\s*public (?:private\(set\) |static |final |indirect )*(?:var|let|func|struct|enum|class|protocol|init)\b.*/
        var count = 0
        for (name, lines) in try Self.sources {
            for (index, line) in lines.enumerated() where line.wholeMatch(of: declaration) != nil {
                count += 1
                guard !Self.isExplainedElsewhere(line, in: name) else { continue }
                let before = index > 0 ? lines[index - 1].drop { $0 == " " } : ""
                #expect(before.hasPrefix("///"), "\(name): \(line)")
            }
        }
        #expect(count > 80)
    }

    private static func isExplainedElsewhere(_ line: Substring, in name: String) -> Bool {
        line.contains("var description: String {")
            || (name == "DevicePorts.swift" && line.hasPrefix("    public func"))
    }

    /// A requirement of a port is a promise of whoever implements it.
    @Test func everyRequirementOfAPortIsDocumented() throws {
        var count = 0
        for (name, lines) in try Self.sources {
            var isInside = false
            for (index, line) in lines.enumerated() {
                if line.hasPrefix("public protocol") { isInside = true }
                if line == "}" { isInside = false }
                guard isInside, line.hasPrefix("    func ") || line.hasPrefix("    var ") else {
                    continue
                }
                count += 1
                let before = lines[index - 1].drop { $0 == " " }
                #expect(before.hasPrefix("///"), "\(name): \(line)")
            }
        }
        #expect(count > 25)
    }

    /// A name in the overview that no longer exists would be a dead link.
    @Test func theOverviewNamesWhatExists() throws {
        let all = try Self.sources.flatMap(\.lines).joined(separator: "\n")
        for article in ["Agent", "YourFirstDeviceDaemon"] {
            let text = try Self.text(of: "Sources/Agent/Agent.docc/\(article).md")
            let symbols = text.matches(of: /``([A-Za-z\/]+)(?:\([a-z:]*\))?``/)
                .flatMap { $0.1.split(separator: "/") }
            #expect(symbols.count > 10)
            for symbol in symbols where symbol != "Agent" {
                #expect(
                    all.contains("\(symbol) ") || all.contains("\(symbol):")
                        || all.contains("\(symbol)("), "\(article): \(symbol)")
            }
        }
    }
}
