/// What an answer has to be to be the file that was asked for, from an offset on.
///
/// Decided from the head alone, before the first byte is handed on.
struct ExpectedAnswer {
    let offset: Int64
    /// The most bytes that may be handed on.
    let maximumBytes: Int64
    /// The length of the whole file, where it is known.
    let length: Int64?
    /// Whether TLS vouches for every step on the way to the answer.
    let isEncrypted: Bool

    enum Verdict {
        /// The file; at most so many bytes of it come.
        case file(maximumBytes: Int64)
        case refused(DownloadEnd)
    }

    func verdict(on head: ResponseHead) -> Verdict {
        switch head.status {
        case 200: whole(head)
        case 206: partial(head)
        default: .refused(refusal(head))
        }
    }

    private func refusal(_ head: ResponseHead) -> DownloadEnd {
        if head.isRedirected && !isEncrypted { return .foreign(.redirected(status: head.status)) }
        switch head.status {
        case 404: return .notFound
        case 416: return notSatisfiable(head)
        case 429, 500...599:
            guard let seconds = head.retryAfterSeconds else { return .status(head.status) }
            return .later(status: head.status, seconds: seconds)
        default: return .status(head.status)
        }
    }

    private func whole(_ head: ResponseHead) -> Verdict {
        if let foreign = foreign(head, contentLength: length) { return .refused(.foreign(foreign)) }
        return offset == 0 ? .file(maximumBytes: maximumBytes) : .refused(.rangeIgnored)
    }

    private func partial(_ head: ResponseHead) -> Verdict {
        guard case .part(let first, let last, let total) = ContentRange(head.only("content-range")),
            first == offset
        else { return .refused(offset == 0 ? .status(206) : .rangeIgnored) }
        if let length, let total, total != length {
            return .refused(.foreign(.length(found: total, expected: length)))
        }
        // Without a length that is known, the body alone tells how much there is.
        guard let length else { return .file(maximumBytes: maximumBytes) }
        guard last < length, foreign(head, contentLength: last - first + 1) == nil else {
            return .refused(.foreign(.contradictsItself))
        }
        return .file(maximumBytes: min(maximumBytes, last - first + 1))
    }

    private func notSatisfiable(_ head: ResponseHead) -> DownloadEnd {
        guard let length, case .nothing(let total) = ContentRange(head.only("content-range")),
            total != length
        else { return .rangeNotSatisfiable }
        return .foreign(.length(found: total, expected: length))
    }

    /// What is wrong with a body that should have `contentLength` bytes, where that is known.
    private func foreign(_ head: ResponseHead, contentLength: Int64?) -> ForeignAnswer? {
        guard let contentLength else { return nil }
        // A right length says more than a type, which servers guess from a file's name.
        guard let text = head.header("content-length") else {
            return head.isWebPage ? .webPage : nil
        }
        guard let found = ContentRange.number(text), head.only("content-length") != nil else {
            return .contradictsItself
        }
        guard found != contentLength else { return nil }
        return head.isWebPage ? .webPage : .length(found: found, expected: contentLength)
    }
}
