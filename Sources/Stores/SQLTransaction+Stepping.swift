internal import Model
internal import Orchestrator

extension SQLTransaction {
    private static let selectLease = "SELECT * FROM stepping_lease WHERE place = 1"

    func steppingLease() throws -> SteppingLease? {
        try rows(Self.selectLease).first.map { row in
            let holder: String? = row["holder"]
            return SteppingLease(
                epoch: row["epoch"],
                holder: try holder.map { _ in
                    SteppingServer(
                        id: try row.value("holder") { Nonce($0) }, name: row["server"],
                        process: row["process"])
                }, beat: row["beat"])
        }
    }

    func save(_ lease: SteppingLease) throws {
        try upsert(
            [
                Column("place", 1), Column("epoch", lease.epoch),
                Column("holder", lease.holder?.id.text), Column("server", lease.holder?.name),
                Column("process", lease.holder?.process), Column("beat", lease.beat),
            ], into: "stepping_lease", key: "place")
    }
}
