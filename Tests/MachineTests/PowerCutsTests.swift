import Foundation
import Testing

/// What looks at power cuts must find what is wrong; these need no emulator.
@Suite struct PowerCutsTests {
    typealias Step = SmallDisk.Step

    static let armed = Step.environment(good: "a", trial: "b", tries: "1")
    static let spent = Step.environment(good: "a", trial: "b", tries: "0")
    static let kept = Step.environment(good: "b", trial: "", tries: "0")

    static let rightOrder: [Step] = [
        .image(.both), .flush, armed, .flush, spent, .flush, kept, .flush, .proof, .flush,
    ]

    @Test(arguments: Firmware.allCases)
    func findsNothingWrongWithTheRightOrder(firmware: Firmware) throws {
        var disk = try SmallDisk(firmware)
        let cuts = try disk.cuts(of: Self.rightOrder)
        #expect(cuts.violations.isEmpty, "\(cuts.violations)")
        #expect(cuts.counts.torn > 0 && cuts.counts.oneLost > 0)
        #expect(cuts.counts.oneKept > 0 && cuts.counts.random > 0)
        let boots = cuts.story.map { ["\($0.decision.slot)", $0.image ?? "-"] }
        #expect(boots == [["0", "old"], ["1", "new"], ["0", "old"], ["1", "new"]])
    }

    struct WrongOrder: CustomTestStringConvertible {
        let testDescription: String
        let steps: [Step]
        let problem: String
    }

    static let wrongOrders: [WrongOrder] = [
        WrongOrder(
            testDescription: "the trial is armed before the image is durable",
            steps: [.image(.both), armed, .flush, spent, .flush, kept, .flush, .proof, .flush],
            problem: "that slot holds no complete image"),
        WrongOrder(
            testDescription: "the trial is armed when half of the image is there",
            steps: [
                .image(.first), .flush, armed, .flush, .image(.second), .flush, spent, .flush,
                kept, .flush, .proof, .flush,
            ],
            problem: "that slot holds no complete image"),
        WrongOrder(
            testDescription: "the image that runs is overwritten",
            steps: [.overwriteRunning] + rightOrder,
            problem: "that slot holds no complete image"),
        WrongOrder(
            testDescription: "the image that runs is overwritten during the trial",
            steps: [.image(.both), .flush, armed, .flush, .overwriteRunning] + rightOrder,
            problem: "the slot to go back to holds no complete image"),
        WrongOrder(
            testDescription: "the proof goes out before the confirmation is durable",
            steps: [
                .image(.both), .flush, armed, .flush, spent, .flush, .proof, .flush, kept, .flush,
            ],
            problem: "old would boot after new was proven"),
        WrongOrder(
            testDescription: "the environment is emptied to be written anew",
            steps: rightOrder + [.emptyEnvironment, .flush, kept, .flush],
            problem: "old would boot after new was proven"),
    ]

    @Test(arguments: wrongOrders, Firmware.allCases)
    func findsWhatIsWrong(order: WrongOrder, firmware: Firmware) throws {
        var disk = try SmallDisk(firmware)
        let cuts = try disk.cuts(of: order.steps)
        #expect(cuts.violations.contains { $0.problem == order.problem }, "\(cuts.violations)")
        #expect(Set(cuts.violations.map(\.problem)) == [order.problem])
    }

    /// From the table of CRC algorithms that everybody checks theirs by.
    @Test func computesTheChecksumOfUBoot() {
        #expect(CRC32.of("123456789".utf8) == 0xcbf4_3926)
    }

    @Test func readsAnEnvironmentAsGRUBDoes() {
        let block = Array(
            "# GRUB Environment Block\n# a comment = no value\ngood=b\nx=1\\\n2\\\\\ntry=a".utf8)
        // The last line has no end: GRUB does not take it.
        #expect(GRUBOracle.values(in: block) == ["good": "b", "x": "1\n2\\"])
    }

    /// The oracle follows cluster chains wherever the file system put them.
    @Test func readsAFileInPieces() throws {
        let workshop = try Workshop()
        let volume = try FATMaker(in: workshop.folder)
        for number in 0..<8 {
            try volume.add(Data(repeating: UInt8(number), count: 2048), as: "f\(number)")
        }
        for number in [1, 3, 5] { try volume.remove("f\(number)") }
        let content = Data((0..<40_000).map { UInt8(truncatingIfNeeded: $0 / 7) })
        try volume.add(content, as: "large.bin")

        let bytes = try Data(contentsOf: volume.file)
        #expect(bytes.offset(of: content) == nil, "the file is in one piece")
        let found = FATVolume(bytes: { Array(bytes[$0]) }, at: 0..<bytes.count)?
            .file(["GRUB       ", "LARGE   BIN"])
        #expect(found == Array(content))
    }
}
