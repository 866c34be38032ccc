import JSON
import Model
import OpenSSL
import Testing
import Trust

/// What counts as now when the clock may lie (TUF 1.0.34 section 5.1).
@Suite struct TimeFloorTests {
    @Test(arguments: [(0, 100), (99, 100), (100, 100), (101, 101), (.min, 100), (.max, .max)])
    func isNeverBeforeTheFloor(clock: Int64, counted: Int64) {
        #expect(TimeFloor(earliest: at(100)).now(clock: at(clock)) == at(counted))
    }

    @Test(arguments: [(50, 100), (100, 100), (150, 150), (.min, 100), (.max, .max)])
    func onlyRises(moment: Int64, earliest: Int64) {
        var floor = TimeFloor(earliest: at(100))
        floor.raise(to: at(moment))
        #expect(floor.earliest == at(earliest))
        floor.raise(to: at(0))
        #expect(floor.earliest == at(earliest))
    }

    /// A freeze attack on a device whose clock was set back.
    @Test func expiredMetadataStaysExpiredWhenTheClockGoesBack() throws {
        var repository = try FakeRepository.aged()
        try repository.publish(.timestamp) { $0.editing("expires", to: .string("\(at(1200))")) }
        var client = Client(new: repository)
        var floor = TimeFloor(earliest: at(500))
        try client.refresh(from: repository, at: floor.now(clock: at(1100)))
        floor.raise(to: at(1300))
        #expect(throws: TrustError.expired(.timestamp, at: at(1200))) {
            try client.refresh(from: repository, at: floor.now(clock: at(0)))
        }
    }
}
