internal import Slots

/// A client for any TUF repository, over the same modules as the agent.
@main enum SlipwayTUF {
    static let usage = """
        usage: slipway-tuf --metadata-dir DIR init ROOT
               slipway-tuf --metadata-dir DIR --metadata-url URL refresh
               slipway-tuf --metadata-dir DIR --metadata-url URL --target-name PATH...
                           --target-dir DIR --target-base-url URL download
               slipway-tuf --metadata-dir DIR show

          init      trust the root metadata in the file ROOT; asks nobody
          refresh   bring the trusted metadata up to date (TUF 1.0.34 section 5)
          download  refresh, then fetch and check each target; the first failure ends it
          show      tell what is trusted: who signs what, until when, and which targets there are

        The metadata directory holds the trusted metadata as it was received, one file for each
        role, and `time-floor`, the moment of the last refresh. Each target becomes one file in
        the target directory, named by its percent-encoded path.

          --timeout SECONDS  give up a server that cannot be connected to, or sends next to
                             nothing, for so long (1 to 3600), and metadata that is not there
                             after three times as long; else 10, 30 and 120 seconds

        exit codes: 0 done; 1 refused, or not possible
        """

    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if arguments == ["--help"] || arguments == ["-h"] {
            Console.answer(usage)
            Console.exit(0)
        }
        guard let request = Request(arguments) else {
            Console.note(usage)
            Console.exit(1)
        }
        do throws(ClientError) {
            let folder = MetadataFolder(path: request.metadataFolder)
            let timeout = request.timeoutSeconds
            switch request.command {
            case .initialize(let rootFile): try folder.begin(withRoot: rootFile)
            case .refresh(let metadata):
                try Client(folder, metadata: metadata, timeoutSeconds: timeout).refresh()
            case .download(let metadata, let downloads):
                try Client(folder, metadata: metadata, timeoutSeconds: timeout)
                    .download(downloads)
            case .show: try Summary(folder).tell()
            }
        } catch {
            Console.note("slipway-tuf: \(error)")
            Console.exit(1)
        }
    }
}
