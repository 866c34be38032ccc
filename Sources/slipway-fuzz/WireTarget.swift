internal import JSON
internal import Model
internal import Wire

/// What devices, servers and operators send to each other.
enum WireTarget {
    private static let limitBytes = 65_536

    static func checkIn(_ bytes: [UInt8]) throws(BrokenPromise) { try signed(CheckIn.self, bytes) }

    static func directive(_ bytes: [UInt8]) throws(BrokenPromise) {
        try signed(Directive.self, bytes)
    }

    static func offer(_ bytes: [UInt8]) throws(BrokenPromise) { try signed(Offer.self, bytes) }

    static func rolloutFile(_ bytes: [UInt8]) throws(BrokenPromise) {
        try message(RolloutFile.self, bytes)
    }

    static func management(_ bytes: [UInt8]) throws(BrokenPromise) {
        try message(ErrorAnswer.self, bytes)
        try message(ListAnswer<DeviceSummary>.self, bytes)
        try message(ListAnswer<ReleaseSummary>.self, bytes)
        try message(ListAnswer<RolloutSummary>.self, bytes)
        try message(PlanSummary.self, bytes)
        try message(StartRequest.self, bytes)
        try message(MetadataSubmission.self, bytes)
    }

    private static func signed<Content: WireMessage>(
        _ type: Content.Type, _ bytes: [UInt8]
    ) throws(BrokenPromise) {
        func read(_ bytes: [UInt8]) throws(WireError) -> SignedMessage<Content> {
            try SignedMessage(parsing: bytes, limitBytes: limitBytes)
        }
        guard let message = try attempt({ () throws(WireError) in try read(bytes) }) else { return }
        let promise = "a signed message that is passed on reads as the same message"
        let again = try must(promise) { () throws(WireError) in try read(message.bytes) }
        try hold(again == message, promise)
        try hold(again.payload == message.payload, "the payload does not change on the way")
        try hold(message.signatures.count <= message.envelope.signatures.count, "no key is added")
        try roundTrip(message.unverified)
    }

    private static func message<Content: WireMessage>(
        _ type: Content.Type, _ bytes: [UInt8]
    ) throws(BrokenPromise) {
        let message = try attempt { () throws(WireError) in
            try Content(parsing: bytes, limitBytes: limitBytes)
        }
        if let message { try roundTrip(message) }
    }

    private static func roundTrip<Content: WireMessage>(
        _ content: Content
    ) throws(BrokenPromise) {
        let promise = "a message that is written reads as the same message"
        let again = try must(promise) { () throws(WireError) in
            try Content(parsing: content.bytes, limitBytes: .max)
        }
        try hold(again == content, promise)
    }
}
