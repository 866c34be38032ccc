internal import Foundation

/// Runs the fuzz targets over files; built by `.ci/fuzz`, libFuzzer invents the files.
@main enum SlipwayFuzz {
    static let usage = """
        usage: slipway-fuzz list
               slipway-fuzz TARGET FILE-OR-FOLDER...

        runs one target over every file; a promise that does not hold ends it with status 1, a
        trap with a signal
        """

    static func main() throws {
        #if FUZZING
            LibFuzzer.run()
        #else
            try replay(Array(CommandLine.arguments.dropFirst()))
        #endif
    }

    private static func replay(_ arguments: [String]) throws {
        if arguments == ["list"] {
            for target in FuzzTarget.allCases { print(target.rawValue) }
            return
        }
        guard arguments.count >= 2, let target = FuzzTarget(rawValue: arguments[0]) else {
            note(usage)
            exit(64)
        }
        var count = 0
        for url in try Corpus.files(under: arguments.dropFirst().map { URL(filePath: $0) }) {
            do { try target.run(Array(Data(contentsOf: url))) } catch let broken as BrokenPromise {
                note("\(url.path): \(broken.promise)")
                exit(1)
            }
            count += 1
        }
        print("\(target.rawValue): \(count) files")
    }

    private static func note(_ text: String) {
        FileHandle.standardError.write(Data("\(text)\n".utf8))
    }
}

/// Inputs that are kept because they lead somewhere.
enum Corpus {
    /// The files themselves, and those anywhere in the folders; in the order of their paths.
    static func files(under urls: [URL]) throws -> [URL] {
        try urls.flatMap { url in
            guard try url.resourceValues(forKeys: [.isDirectoryKey]).isDirectory == true else {
                return [url]
            }
            let entries = try FileManager.default.contentsOfDirectory(
                at: url, includingPropertiesForKeys: nil)
            return try files(under: entries.sorted { $0.path < $1.path })
        }
    }
}
