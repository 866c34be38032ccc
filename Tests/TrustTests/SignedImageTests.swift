import JSON
import Model
import OpenSSL
import Testing
import Trust

@Suite struct SignedImageTests {
    // MARK: - What a device refuses for itself

    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var hardware = "gw-2"
        var running: String? = "acme-gateway 2.4.0"
        /// The counter and version that the device has confirmed; the image has 3 and 2.4.1.
        var newest: (Int64, String)? = (3, "2.4.0")
        var from: [String] = []
        var refusal: Refused = .no

        enum Refused: Sendable { case no, hardware, downgrade, steppingStone }
    }

    static let table: [Row] = [
        Row(testDescription: "an upgrade"),
        Row(testDescription: "the same again", running: "acme-gateway 2.4.1", newest: (3, "2.4.1")),
        Row(testDescription: "a device that knows nothing of itself", running: nil, newest: nil),
        Row(testDescription: "a first change of product", running: "other 9.0.0", newest: nil),
        Row(testDescription: "the wrong hardware", hardware: "gw-3", refusal: .hardware),
        Row(testDescription: "hardware in other letters", hardware: "GW-2", refusal: .hardware),
        Row(
            testDescription: "an older version", running: "acme-gateway 2.4.2",
            newest: (3, "2.4.2"), refusal: .downgrade),
        Row(
            testDescription: "an older version by a prerelease's width",
            running: "acme-gateway 2.4.2-rc.1", newest: (3, "2.4.2-rc.1"), refusal: .downgrade),
        Row(
            testDescription: "an older version after a detour over another product",
            running: "other 1.0.0", newest: (3, "2.5.0"), refusal: .downgrade),
        Row(
            testDescription: "an older version for a device that cannot tell what it runs",
            running: nil, newest: (3, "2.5.0"), refusal: .downgrade),
        Row(
            testDescription: "a lower counter with a newer version",
            running: "acme-gateway 2.0.0", newest: (4, "2.0.0"), refusal: .downgrade),
        Row(
            testDescription: "a lower counter with the same version",
            running: "acme-gateway 2.4.1", newest: (4, "2.4.1"), refusal: .downgrade),
        Row(
            testDescription: "an older version under a higher counter",
            running: "acme-gateway 3.0.0", newest: (2, "3.0.0")),
        Row(
            testDescription: "a newer version under a higher counter", newest: (2, "2.4.0")),
        Row(testDescription: "a version that may follow", from: ["2.3.9", "2.4.0"]),
        Row(
            testDescription: "a version that may not follow", from: ["2.3.9"],
            refusal: .steppingStone),
        Row(
            testDescription: "the right version of another product", running: "other 2.4.0",
            newest: nil, from: ["2.4.0"], refusal: .steppingStone),
        Row(
            testDescription: "an unknown version where only some may follow", running: nil,
            newest: nil, from: ["2.4.0"], refusal: .steppingStone),
        Row(
            testDescription: "a higher counter still asks for its stepping stone",
            running: "acme-gateway 3.0.0", newest: (2, "3.0.0"), from: ["2.4.0"],
            refusal: .steppingStone),
    ]

    @Test(arguments: table)
    func decides(row: Row) throws {
        let image = try image(from: row.from, counter: 3)
        let running = try row.running.map(release)
        let newest = try row.newest.map { try rank($0.0, $0.1) }
        let refusal = image.refusal(
            by: try model(row.hardware), running: running, newest: newest)
        switch row.refusal {
        case .no: #expect(refusal == nil)
        case .hardware:
            #expect(
                refusal == .hardware(try model(row.hardware), allowed: [try model("gw-2")]))
        case .downgrade:
            #expect(
                refusal == .downgrade(to: try rank(3, "2.4.1"), from: try #require(newest)))
        case .steppingStone: #expect(refusal == .steppingStone(from: running, allowed: image.from))
        }
    }

    private func rank(_ counter: Int64, _ text: String) throws -> ReleaseRank {
        ReleaseRank(counter: counter, version: try version(text))
    }

    @Test func saysWhyItIsRefused() throws {
        let two: Set<HardwareModel> = [try model("gw-3"), try model("gw-2")]
        #expect(
            "\(SignedImage.Refusal.hardware(try model("gw-1"), allowed: two))"
                == "it is made for gw-2, gw-3, and this device is gw-1")
        #expect(
            "\(SignedImage.Refusal.steppingStone(from: nil, allowed: [try version("2.0")]))"
                == "it can follow only 2.0, and this device cannot tell what it runs")
        #expect(
            "\(SignedImage.Refusal.steppingStone(from: try release("a 1.0"), allowed: []))"
                .hasSuffix("this device runs a 1.0"))
        #expect(
            "\(SignedImage.Refusal.downgrade(to: try rank(1, "1.0"), from: try rank(2, "0.9")))"
                .hasPrefix(
                    "1.0 (release counter 1) comes before 0.9 (release counter 2), which this"
                        + " device has run"))
    }

    @Test func tellsTheAttackThatItMayBe() throws {
        #expect(
            SignedImage.Refusal.hardware(try model("gw-1"), allowed: []).indicator
                == .wrongSoftware)
        #expect(
            SignedImage.Refusal.steppingStone(from: nil, allowed: []).indicator == .wrongSoftware)
        #expect(
            SignedImage.Refusal.downgrade(to: try rank(1, "1"), from: try rank(2, "1")).indicator
                == .rollback)
    }

    @Test func isNeverMadeForNoHardware() {
        #expect(throws: SignedImage.Invalid.noHardware) { try image(hardware: []) }
        #expect("\(SignedImage.Invalid.noHardware)".contains("no hardware"))
    }

    @Test(arguments: [.min, -1, 0, .max] as [Int64])
    func neverHasTheCounter(counter: Int64) {
        #expect(throws: SignedImage.Invalid.counter(counter)) { try image(counter: counter) }
        #expect("\(SignedImage.Invalid.counter(counter))".hasPrefix("\(counter) is no"))
    }

    @Test(arguments: [1, .max - 1] as [Int64])
    func mayHaveTheCounter(counter: Int64) throws {
        #expect(try image(counter: counter).rank.counter == counter)
    }
}
