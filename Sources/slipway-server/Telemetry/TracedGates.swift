internal import Model
internal import Orchestrator
internal import Rollouts
internal import Server
internal import Telemetry

/// Outside checks of gates, each a trace of its own, which whoever is asked can join.
struct TracedGates: OutsideGateProbe {
    let gates: any OutsideGateProbe
    let observatory: Observatory

    func answer(_ check: OutsideCheck, about question: OutsideQuestion) async -> OutsideAnswer {
        guard let trace = observatory.trace(ofClient: "gate check") else {
            return await gates.answer(check, about: question)
        }
        let answer = await Trace.$current.withValue(trace) {
            await gates.answer(check, about: question)
        }
        var isUnknown = false
        if case .unknown = answer { isUnknown = true }
        observatory.spans?.put(
            trace.finish(
                attributes: [
                    .text("slipway.rollout", question.rollout.text),
                    .text("slipway.check", check.name.text),
                ], isError: isUnknown))
        return answer
    }
}

extension Trace {
    /// The header by which whoever is called joins the trace; none when nothing is traced.
    static var currentHeaders: [(String, String)] {
        current.map { [("traceparent", $0.context.traceparent)] } ?? []
    }
}
