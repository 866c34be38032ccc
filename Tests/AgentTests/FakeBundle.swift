import AgentSupport
import Agent
import Model
import Testing
import Trust

/// Bundles by their paths, on a stick that can be pulled out, and whoever made them.
final class FakeBundles: BundleOpener {
    var bundles: [String: FakeBundle] = [:]
    private let power: Power

    init(power: Power) { self.power = power }

    func open(_ path: String) throws(TransportError) -> any CarriedUpdate {
        guard power.call("open \(path)") else { throw .bundle("no power") }
        guard let bundle = bundles[path] else { throw .bundle("\(path) does not exist") }
        return bundle
    }
}

/// One update with everything that a device asks for, as its repository serves it.
final class FakeBundle: CarriedUpdate {
    var release: ReleaseID
    var image: ImageReference
    var metadata: [String: [UInt8]]
    var bytes: [UInt8]
    /// Whether more follows than the bundle says.
    var isEndless = false

    init(_ firmware: Firmware, from repository: TestRepository) {
        release = firmware.signed.release
        image = firmware.signed.image
        metadata = repository.metadata
        bytes = firmware.bytes
    }

    func metadata(_ name: String, limitBytes: Int) throws(TransportError) -> [UInt8]? {
        let file = metadata[name]
        if let file, file.count > limitBytes { throw .tooLong }
        return file
    }

    func image(
        _ path: String, from offset: Int64, maximumBytes: Int64, receive: ([UInt8]) -> Bool
    ) throws(TransportError) -> ImageEnd {
        var rest = bytes[min(Int(offset), bytes.count)...]
        if isEndless { rest += bytes }
        var sent: Int64 = 0
        while !rest.isEmpty {
            let piece = Array(rest.prefix(4096))
            sent += Int64(piece.count)
            guard sent <= maximumBytes else { throw .tooLong }
            guard receive(piece) else { return .stopped }
            rest = rest.dropFirst(piece.count)
        }
        return .complete
    }
}

extension World {
    static let stick = "/media/stick/update.slip"

    /// A machine that nobody offers anything, and a stick with `firmware` at ``stick``.
    ///
    /// - Parameter others: Published later than the bundle was made.
    static func carrying(
        _ firmware: Firmware, running factory: Firmware? = nil,
        change: (FakeBundle, World) throws -> Void = { _, _ in }
    ) throws -> World {
        let world = try World(wanting: firmware, running: factory)
        world.server.offersLeft = 0
        let bundle = FakeBundle(firmware, from: world.server.repository)
        try change(bundle, world)
        world.bundles.bundles[stick] = bundle
        try world.start()
        return world
    }

    /// Puts the stick in, as the person at the device does after each restart until it is taken.
    func installFromStick() {
        guard machine.power.isOn, let agent, agent.state.phase == .idle else { return }
        do throws(CommandRefusal) { try agent.install(bundle: Self.stick) } catch {
            refusals.append(error)
        }
    }
}
