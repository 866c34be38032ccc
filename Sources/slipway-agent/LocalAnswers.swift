internal import Agent
internal import JSON
internal import Model
internal import Slots

/// What the thread of the control socket answers without the agent's own thread.
struct LocalAnswers: Sendable {
    let mailbox: ControlMailbox
    let log: LogRing
    /// The file by which somebody says that the image on trial is good.
    let confirmedPath: String

    func reply(to line: [UInt8], from peer: ControlPeer) -> ControlReply {
        let request: ControlRequest
        do { request = try ControlRequest(parsing: line) } catch {
            return .refuse(ControlAnswer.no(.badRequest, "\(error)"))
        }
        switch request {
        case .status: return .answer(mailbox.status)
        case .watch: return .watch(mailbox.status)
        case .checkNow, .install, .rollBack, .deferRestart, .confirm, .logs:
            guard peer.mayCommand else {
                return .answer(
                    ControlAnswer.no(
                        .notPermitted, "only root and the socket's group may ask for this"))
            }
            return order(request)
        }
    }

    private func order(_ request: ControlRequest) -> ControlReply {
        switch request {
        case .status, .watch: return .answer(mailbox.status)
        case .checkNow:
            mailbox.wish()
            return .answer(ControlAnswer.done("the agent checks in"))
        case .logs(let lines): return .answer(ControlAnswer.logs(log.last(lines)))
        // Not by the agent's thread: that may be in the very check that waits for it.
        case .confirm: return .answer(confirm())
        case .install, .rollBack, .deferRestart: return .forward
        }
    }

    private func confirm() -> [UInt8] {
        let status = try? JSONFields(
            JSONValue(parsing: mailbox.status, limits: .standard(bytes: 65_536)))
        guard let status, let bootID = (try? status.string("boot_id")).flatMap({ BootID($0) })
        else {
            return ControlAnswer.no(.refused, "the agent is only starting")
        }
        guard (try? status.string("phase")) == "trial" else {
            return ControlAnswer.no(.refused, Confirmation.nothing)
        }
        do { try ManualConfirmation(path: confirmedPath).give(for: bootID) } catch {
            return ControlAnswer.no(.refused, "\(error)")
        }
        return ControlAnswer.done(Confirmation.done)
    }
}

/// What whoever confirms an image on trial is told.
enum Confirmation {
    static let nothing = "nothing is to be confirmed: no new image is on trial"
    static let done = "the image on trial counts as good, as far as a person decides"
}
