import Agent
import Model
import OpenSSL
import Slots
import Trust

/// The part of a product's own daemon that keeps its firmware up to date.
final class ProductDaemon {
    private let agent: UpdateAgent

    /// - Parameters:
    ///   - folder: Holds the two slots, the bootloader's files, the shipped root and the state.
    ///   - isBusy: Whether the product is at work that a restart would spoil.
    ///   - isWell: Whether the product does its work.
    init(
        _ configuration: AgentConfiguration, in folder: String, server: any Transport,
        clock: any AgentClock = SystemClock(), isBusy: @escaping () -> Bool,
        isWell: @escaping () -> Bool, say: @escaping (String) -> Void
    ) throws {
        guard let a = SlotName("a"), let b = SlotName("b") else {
            preconditionFailure("both are names")
        }
        var ports = AgentPorts(
            transport: server,
            slots: RawSlots(
                [a: "\(folder)/a.img", b: "\(folder)/b.img"],
                recordFolder: "\(folder)/slots"),
            bootloader: SimulatedBootloader(folder: folder),
            health: ProductHealth(isWell: isWell),
            store: try FolderStore(
                folder: "\(folder)/state", shippedRoot: "\(folder)/root.json"),
            observer: ProductObserver(say: say),
            clock: clock,
            identity: try ProductIdentity(keptAt: "\(folder)/device.pem"))
        ports.consent = ProductConsent(isBusy: isBusy)
        ports.bundles = BundleFiles()
        agent = try UpdateAgent(
            configuration, ports: ports,
            cryptography: CryptographySuite(
                checker: OpenSSLSignatureChecker(), hashing: OpenSSLHashing()))
    }

    /// Works until the machine is to restart.
    ///
    /// - Parameter pause: Waits, and says whether to go on afterwards.
    func run(pause: (Duration) -> Bool) {
        while true {
            do throws(AgentError) {
                switch try agent.advance() {
                case .goOn: continue
                case .wait(let duration): guard pause(duration) else { return }
                case .reboot: return
                }
            } catch {
                // A full disk, say: nothing is lost, and a later try may succeed.
                guard pause(.seconds(60)) else { return }
            }
        }
    }

    /// What the product's own pages show.
    var summary: String {
        guard let job = agent.state.phase.job else { return "up to date" }
        return "\(job.release): \(agent.state.phase.word)"
    }
}
