/// What the command line asks for.
///
/// The options stand before the command, as the conformance suite of TUF has them.
struct Request {
    let metadataFolder: String
    /// How patient to be with servers; `nil` stands for the usual.
    let timeoutSeconds: Int?
    let command: Command

    enum Command {
        case initialize(rootFile: String)
        case refresh(metadata: String)
        case download(metadata: String, Downloads)
        case show
    }

    /// What to fetch, from where, to where.
    struct Downloads {
        let targets: [String]
        let base: String
        let folder: String
    }

    /// Returns `nil` for anything but the usage.
    init?(_ arguments: [String]) {
        var options: [String: [String]] = [:]
        var words: [String] = []
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            guard argument.hasPrefix("--") else {
                words.append(argument)
                continue
            }
            guard Self.options.contains(argument), let value = rest.popFirst() else { return nil }
            options[argument, default: []].append(value)
        }
        let isRepeated = options.contains { $0.key != "--target-name" && $0.value.count > 1 }
        guard !isRepeated, let folder = options["--metadata-dir"]?.first else { return nil }
        metadataFolder = folder
        let timeout = options["--timeout"]?.first
        timeoutSeconds = timeout.flatMap { Int($0) }
        guard timeout == nil || timeoutSeconds.map((1...3600).contains) == true else { return nil }
        guard let command = Self.command(words, options.compactMapValues(\.first), options)
        else { return nil }
        self.command = command
    }

    private static let options: Set = [
        "--metadata-dir", "--metadata-url", "--target-name", "--target-dir", "--target-base-url",
        "--timeout",
    ]

    private static func command(
        _ words: [String], _ single: [String: String], _ options: [String: [String]]
    ) -> Command? {
        switch words.first {
        case "init" where words.count == 2: return .initialize(rootFile: words[1])
        case "show" where words.count == 1: return .show
        case "refresh" where words.count == 1:
            return single["--metadata-url"].map { .refresh(metadata: $0) }
        case "download" where words.count == 1:
            guard let metadata = single["--metadata-url"], let targets = options["--target-name"],
                let base = single["--target-base-url"], let folder = single["--target-dir"]
            else { return nil }
            return .download(
                metadata: metadata, Downloads(targets: targets, base: base, folder: folder))
        default: return nil
        }
    }
}
