import Agent
import Slots
import Testing

@Suite struct LinkMeterTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test(
        arguments: [
            ([], .free), (["/bin/true"], .metered), (["/bin/false"], .free),
            (["/no/such/program"], .unknown), (["/bin/sh", "-c", "kill -9 $$"], .unknown),
            (["/bin/sh", "-c", "no-such-program"], .unknown),
        ] as [([String], FetchPolicy.Link)])
    func asksAProgram(command: [String], link: FetchPolicy.Link) {
        #expect(LinkMeter(command: command, file: nil).link() == link)
    }

    @Test(
        arguments: [
            ("1\n", .metered), ("1", .metered), ("0\n", .free), ("", .free), ("yes", .free),
        ] as [(String, FetchPolicy.Link)])
    func looksIntoAFile(text: String, link: FetchPolicy.Link) throws {
        try folder.write(text, to: "metered")
        #expect(LinkMeter(command: [], file: "\(folder.path)/metered").link() == link)
    }

    @Test func aFileThatIsNotThereIsAFreeLink() {
        #expect(LinkMeter(command: [], file: "\(folder.path)/none").link() == .free)
        // A directory cannot be read.
        #expect(LinkMeter(command: [], file: folder.path).link() == .unknown)
    }

    @Test func eitherMayCallItMetered() throws {
        try folder.write("1", to: "metered")
        let file = "\(folder.path)/metered"
        #expect(LinkMeter(command: ["/bin/false"], file: file).link() == .metered)
        #expect(LinkMeter(command: ["/no/such/program"], file: file).link() == .metered)
        #expect(LinkMeter(command: ["/bin/true"], file: "/none").link() == .metered)
    }
}
