extension StoreMove {
    /// Takes the file back: from now on servers may use it, and not the target.
    ///
    /// - Parameter forgetsTarget: Goes back though the target has been used since, or cannot be
    ///   reached; what was done there is lost.
    /// - Throws: ``MoveProblem``; the file stays where it was.
    public func takeBack(forgetsTarget: Bool) throws(MoveProblem) {
        try MoveSource.open(path) { source in
            guard let mark = try source.mark() else {
                throw MoveProblem.refused("\(path) was not moved: there is nothing to take back")
            }
            do throws(MoveProblem) { try giveUpTarget(of: mark, source, forgetsTarget) } catch {
                guard forgetsTarget else {
                    throw MoveProblem.refused(
                        "\(error); --forget-target goes back all the same, and then see to it that"
                            + " no server ever uses the PostgreSQL database")
                }
            }
            try source.removeMark()
        }
    }

    private func giveUpTarget(
        of mark: MoveMark, _ source: MoveSource, _ forgetsUse: Bool
    ) throws(MoveProblem) {
        guard case .marked(let found) = try target.standing() else {
            // It was begun and never made, or is another one.
            guard mark.state == .moving else {
                throw .refused("the PostgreSQL database is not the one that \(path) was moved to")
            }
            return
        }
        guard found.id == mark.id else {
            throw .refused("the PostgreSQL database is not the one that \(path) was moved to")
        }
        if !forgetsUse, found.state == .moved { try refuseUse(source) }
        try target.giveUp(mark)
    }

    /// What every server that starts, or changes anything, leaves behind.
    private static let traces = [
        "SELECT max(number) FROM audit", "SELECT max(at_s) FROM heartbeat",
    ]

    private func refuseUse(_ source: MoveSource) throws(MoveProblem) {
        for trace in Self.traces {
            let before: Int64?
            do { before = try source.number(trace) } catch {
                throw .refused("\(path): \(error)")
            }
            guard try target.number(trace) == before else {
                throw .refused(
                    "servers have worked on the PostgreSQL database since: what they offered and"
                        + " what devices proved there would be forgotten, and limits exceeded")
            }
        }
    }
}
