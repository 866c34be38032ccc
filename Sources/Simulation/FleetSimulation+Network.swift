internal import Agent
internal import Model
internal import Orchestrator
internal import Wire

/// What lies between devices and servers.
extension FleetSimulation {
    /// How long a device waits for an answer that does not come, in milliseconds.
    private static let timeout: Int64 = 30_000

    func checkIn(
        _ message: [UInt8], from device: SimulatedDevice, isAlive: () -> Bool
    ) throws(TransportError) -> [UInt8] {
        let message = try sending(message, from: device, isAlive)
        let server = try reached(by: device)
        let result = ask(server, "the check-in of \(device.id)") { try await $0.checkIn(message) }
        books.heard(result, of: device, message)
        switch result {
        case .success(let answer): return try receiving(answer, by: device, isAlive)
        case .failure(.noAnswer): throw try unanswered(isAlive)
        case .failure(.refused(let refusal)):
            try travel(isAlive)
            throw refusal.transportError
        }
    }

    /// A message on its way to the server: what arrives of it.
    private func sending(
        _ message: [UInt8], from device: SimulatedDevice, _ isAlive: () -> Bool
    ) throws(TransportError) -> [UInt8] {
        try leave(device, isAlive)
        try travel(isAlive)
        if now < device.unheardUntil { throw try unanswered(isAlive) }
        if isAtWork(.loss), luck.happens(1, in: rates.loss, "loss") {
            note("network", "loses a check-in of \(device.id)")
            throw try unanswered(isAlive)
        }
        if isAtWork(.duplicates), luck.happens(1, in: 6, "duplicates") {
            deliverAgain(message, of: device)
        }
        if isAtWork(.damage), luck.happens(1, in: rates.damage, "damage") {
            note("network", "damages a check-in of \(device.id)")
            return damaged(message)
        }
        return message
    }

    /// An answer on its way to the device: what arrives of it.
    private func receiving(
        _ answer: [UInt8], by device: SimulatedDevice, _ isAlive: () -> Bool
    ) throws(TransportError) -> [UInt8] {
        try travel(isAlive)
        if now < device.deafUntil { throw try unanswered(isAlive) }
        if isAtWork(.loss), luck.happens(1, in: rates.loss, "loss") {
            note("network", "loses the answer to \(device.id)")
            throw try unanswered(isAlive)
        }
        if isAtWork(.damage), luck.happens(1, in: rates.damage, "damage") {
            note("network", "damages the answer to \(device.id)")
            return damaged(answer)
        }
        return intercepted(answer, to: device)
    }

    private func deliverAgain(_ message: [UInt8], of device: SimulatedDevice) {
        plan(after: luck.number(1...7_200_000, "duplicates")) { [unowned self] in
            guard let server = servers.first(where: \.isUp) else { return }
            note("network", "delivers a check-in of \(device.id) once more")
            let before = books.fingerprint(of: database)
            let result = ask(server, "a repeated check-in", isDisturbed: false) {
                try await $0.checkIn(message)
            }
            checkRepetition(result, of: message, device, before)
        }
    }

    // MARK: Files

    func metadata(
        _ name: String, limitBytes: Int, for device: SimulatedDevice, from place: DeviceLink.Place,
        _ isAlive: () -> Bool
    ) throws(TransportError) -> [UInt8]? {
        try leave(device, isAlive)
        try travel(isAlive)
        guard now >= device.unheardUntil, now >= device.deafUntil else {
            throw try unanswered(isAlive)
        }
        if isAtWork(.loss), luck.happens(1, in: rates.loss, "loss") {
            throw try unanswered(isAlive)
        }
        var bytes: [UInt8]?
        switch place {
        case .server:
            _ = try reached(by: device)
            bytes = interceptedMetadata(name, for: device)
        case .mirror: bytes = mirroredMetadata(name)
        }
        if isAtWork(.damage), luck.happens(1, in: rates.damage * 2, "damage"), let whole = bytes {
            bytes = damaged(whole)
        }
        guard bytes?.count ?? 0 <= limitBytes else { throw .tooLong }
        return bytes
    }

    func image(
        _ path: String, from offset: Int64, maximumBytes: Int64, for device: SimulatedDevice,
        of place: DeviceLink.Place, isAlive: () -> Bool, receive: ([UInt8]) -> Bool
    ) throws(TransportError) -> ImageEnd {
        try leave(device, isAlive)
        try travel(isAlive)
        let whole: [UInt8]?
        switch place {
        case .server:
            _ = try reached(by: device)
            whole = interceptedImage(path, for: device)
        case .mirror: whole = mirroredImage(path)
        }
        guard var bytes = whole else { return .absent }
        guard offset <= bytes.count else { return .cannotResume }
        if isAtWork(.delay), offset > 0, luck.happens(1, in: 10, "delay") { return .cannotResume }
        if isAtWork(.damage), luck.happens(1, in: rates.damage, "damage") { bytes = damaged(bytes) }
        let slowness = isAtWork(.delay) ? luck.choice([50, 3000, 60_000], "delay") : 200
        var position = Int(offset)
        let end = min(bytes.count, Int(offset + maximumBytes))
        while position < end {
            pass(Int64(slowness))
            guard isAlive() else { throw .unreachable("the power is gone") }
            if isAtWork(.loss), luck.happens(1, in: rates.loss * 2, "loss") {
                throw .unreachable("the connection was lost at byte \(position)")
            }
            guard now >= device.unheardUntil, now >= device.deafUntil else {
                throw .unreachable("the connection was lost at byte \(position)")
            }
            let next = min(end, position + 512)
            guard receive(Array(bytes[position..<next])) else { return .stopped }
            position = next
        }
        return .complete
    }

    // MARK: Ways

    private func leave(
        _ device: SimulatedDevice, _ isAlive: () -> Bool
    ) throws(TransportError) {
        if isAlive(), isAtWork(.cuts), luck.happens(1, in: rates.cut, "cuts") {
            cutPower(
                of: device, "while it uses the network",
                forMilliseconds: luck.number(1000...7_200_000, "cuts"))
        }
        guard isAlive() else { throw .unreachable("the power is gone") }
        guard device.runs?.conduct(onBoard: device.board) != .dark else {
            throw .unreachable("there is no network")
        }
    }

    private func travel(_ isAlive: () -> Bool) throws(TransportError) {
        let longest: Int64 = isAtWork(.delay) && luck.happens(1, in: 5, "delay") ? 25_000 : 300
        pass(luck.number(5...longest, "delay"))
        guard isAlive() else { throw .unreachable("the power is gone") }
    }

    private func unanswered(_ isAlive: () -> Bool) throws(TransportError) -> TransportError {
        pass(Self.timeout)
        guard isAlive() else { throw .unreachable("the power is gone") }
        return .unreachable("no answer within \(Self.timeout / 1000) s")
    }

    private func reached(by device: SimulatedDevice) throws(TransportError) -> SimulatedServer {
        let up = servers.filter(\.isUp)
        guard !up.isEmpty else { throw .unreachable("the connection was refused") }
        return luck.choice(up, "servers")
    }

    /// Something else than `bytes`: shorter, or with other bits.
    private func damaged(_ bytes: [UInt8]) -> [UInt8] {
        guard !bytes.isEmpty else { return [0] }
        let place = Int(luck.number(0...Int64(bytes.count - 1), "damage"))
        if luck.happens(1, in: 2, "damage") { return Array(bytes[..<place]) }
        var bytes = bytes
        bytes[place] ^= 1 << UInt8(luck.number(0...7, "damage"))
        return bytes
    }
}

extension Refusal {
    /// What a device makes of the server's answer.
    fileprivate var transportError: TransportError {
        switch self {
        case .malformed: .refused(status: 400, "\(self)")
        case .stranger: .refused(status: 401, "\(self)")
        case .forbidden: .refused(status: 403, "\(self)")
        case .unknown: .refused(status: 404, "\(self)")
        case .conflict: .refused(status: 409, "\(self)")
        case .outdated: .refused(status: 412, "\(self)")
        case .tooLong: .refused(status: 413, "\(self)")
        case .invalid, .checksum: .refused(status: 422, "\(self)")
        case .tooMany(let seconds): .busy(status: 429, retryAfterSeconds: Int64(seconds))
        case .store(.full): .busy(status: 507, retryAfterSeconds: 60)
        case .store, .signing: .busy(status: 503, retryAfterSeconds: 1)
        }
    }
}
