import Agent
import AgentSupport
import Model
import Testing
import Wire

/// One machine, one server, and the agent between them.
final class World {
    let machine: FakeMachine
    let server: FakeServer
    let observer = Observer()
    let bundles: FakeBundles
    /// Why commands were not carried out.
    var refusals: [CommandRefusal] = []
    var configuration: AgentConfiguration
    /// The device's own programs; `nil` for none.
    var programs: DeviceSayTests.Programs?
    var inventory: any InventorySource = NoDevicePorts()
    private(set) var agent: UpdateAgent?
    /// What the agent threw.
    private(set) var errors: [AgentError] = []
    /// The pauses that it asked for.
    private(set) var pauses: [Duration] = []

    final class Observer: AgentObserver {
        private(set) var notices: [AgentNotice] = []
        func observe(_ event: AgentNotice) { notices.append(event) }
    }

    /// Draws the longest pause that may be.
    private struct Longest: RandomNumberGenerator {
        mutating func next() -> UInt64 { .max }
    }

    /// A machine that runs 1.0 in slot a, and a server that wants `goal` on it.
    ///
    /// - Parameter others: Also in the repository.
    init(
        wanting goal: Firmware?, others: [Firmware] = [], running factory: Firmware? = nil,
        metadataEnds expiry: Instant = later
    ) throws {
        let factory = try factory ?? Firmware("acme-gateway 1.0")
        let published = [goal].compactMap { $0 } + others
        let repository = try TestRepository(holding: published, expiring: expiry)
        machine = try FakeMachine(
            running: factory, knowing: published, root: repository.shippedRoot)
        server = FakeServer(repository, machine: machine)
        bundles = FakeBundles(power: machine.power)
        server.goal = goal
        configuration = AgentConfiguration(
            device: try device("device-1"), hardware: try model("gw-2"),
            attributes: try Attributes(["site": "berlin"]), enrolmentToken: "token",
            trialDeadline: .seconds(600), maximumPause: .seconds(300), durableStepBytes: 10_000,
            limits: .standard)
        machine.boot()
    }

    /// Starts the agent anew, as after a crash of its process.
    @discardableResult
    func start() throws(AgentError) -> UpdateAgent {
        agent = nil
        let identity: TestIdentity
        do { identity = try TestIdentity() } catch { throw .identity(IdentityError("\(error)")) }
        var ports = AgentPorts(
            transport: server, slots: machine.slots, bootloader: machine, health: machine,
            store: machine.store, observer: observer, clock: machine, identity: identity)
        ports.random = Longest()
        if let programs {
            ports.fetching = programs
            ports.consent = programs
            ports.hooks = programs
            ports.log = programs
        }
        ports.inventory = inventory
        ports.bundles = bundles
        let agent = try UpdateAgent(configuration, ports: ports, cryptography: cryptography)
        self.agent = agent
        return agent
    }

    /// Lets the machine live until `isDone`; more steps than `maximumSteps` are a failure.
    func run(
        maximumSteps: Int = 300, sourceLocation: SourceLocation = #_sourceLocation,
        until isDone: (World) -> Bool
    ) {
        for _ in 0..<maximumSteps {
            if isDone(self) { return }
            step()
        }
        Issue.record(
            """
            not done after \(maximumSteps) steps; phase \(agent?.state.phase.word ?? "none"), \
            errors \(errors.suffix(3)), calls \(machine.power.calls.suffix(20))
            """, sourceLocation: sourceLocation)
    }

    /// Until the server knows how the update ended, and the device is idle again.
    func settle(sourceLocation: SourceLocation = #_sourceLocation) {
        run(sourceLocation: sourceLocation) { $0.server.isSettled }
        #expect(violations == [], sourceLocation: sourceLocation)
    }

    func step() {
        do throws(AgentError) {
            if agent == nil { try start() }
            switch try agent?.advance() {
            case nil, .goOn: break
            case .wait(let pause):
                pauses.append(pause)
                machine.pass(pause)
            case .reboot: if machine.power.call("reboot") { reboot() }
            }
        } catch {
            errors.append(error)
            machine.pass(.seconds(60))
        }
        if !machine.power.isOn { reboot() }
    }

    /// Cuts the power, or restarts the machine.
    func reboot() {
        agent = nil
        machine.boot()
    }

    var violations: [String] { machine.violations + server.violations }

    /// The phase in the store, which is what a power cut would leave.
    var storedPhase: AgentPhase? {
        machine.store.state.flatMap { try? AgentState(parsing: $0) }?.phase
    }

    /// The failure that the server was told of.
    var failure: Failure? {
        guard case .failed(_, let failure)? = server.end else { return nil }
        return failure
    }

    var isProven: Bool {
        guard case .proven? = server.end else { return false }
        return true
    }

    /// Why metadata, offers or answers were not trusted.
    var distrust: [String] {
        observer.notices.compactMap { notice in
            guard case .untrusted(let reason) = notice else { return nil }
            return reason
        }
    }
}
