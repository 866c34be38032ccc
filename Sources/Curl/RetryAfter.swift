internal import CCurl

extension ResponseHead {
    /// How long the server asks to be left alone; `nil` when it does not, or not understandably.
    ///
    /// A date is counted from the server's own `Date`, so that a device whose clock is wrong still
    /// waits as long as it should.
    var retryAfterSeconds: Int64? {
        guard let text = header("retry-after"), !text.isEmpty else { return nil }
        if let seconds = ContentRange.number(text) { return seconds }
        guard let now = Self.secondsSinceEpoch(header("date")),
            let then = Self.secondsSinceEpoch(text)
        else { return nil }
        return max(0, then - now)
    }

    /// The moment that an HTTP date names; libcurl reads all three forms of it.
    private static func secondsSinceEpoch(_ date: String?) -> Int64? {
        guard let date else { return nil }
        let seconds = unsafe curl_getdate(date, nil)
        return seconds < 0 ? nil : Int64(seconds)
    }
}

extension HTTPResponse {
    /// How long the server asks to be left alone; `nil` when it does not.
    public var retryAfterSeconds: Int64? { head.retryAfterSeconds }
}
