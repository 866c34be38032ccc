internal import CCurl

/// libcurl's state of one client: one easy handle, with the connections that it keeps open.
///
/// The value owns the handle and frees it when its life ends.
@safe struct EasyHandle: ~Copyable {
    /// Never null; freed in `deinit` and nowhere else.
    private let pointer: UnsafeMutableRawPointer

    /// libcurl wants to be set up once, before its first handle.
    private static let isLibraryReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    init() throws(HTTPError) {
        guard Self.isLibraryReady, let pointer = unsafe curl_easy_init() else {
            throw .library("cannot be set up")
        }
        unsafe self.pointer = pointer
    }

    deinit {
        unsafe curl_easy_cleanup(pointer)
    }

    /// Forgets all options; connections stay.
    borrowing func reset() { unsafe curl_easy_reset(pointer) }

    borrowing func set(_ option: CURLoption, to value: Int) throws(HTTPError) {
        try check(unsafe slipway_curl_set_long(pointer, option, value))
    }

    borrowing func set(_ option: CURLoption, toOffset value: Int64) throws(HTTPError) {
        try check(unsafe slipway_curl_set_offset(pointer, option, curl_off_t(value)))
    }

    borrowing func set(_ option: CURLoption, to value: String) throws(HTTPError) {
        try check(unsafe slipway_curl_set_string(pointer, option, value))
    }

    /// Takes away what libcurl was built to use when nobody says otherwise.
    borrowing func unset(_ option: CURLoption) throws(HTTPError) {
        try check(unsafe slipway_curl_set_string(pointer, option, nil))
    }

    /// Lets no connection go to an address that is not of the public internet.
    borrowing func refusePrivateAddresses() throws(HTTPError) {
        try check(
            unsafe slipway_curl_check_addresses(pointer) { count, bytes in
                guard let bytes = unsafe bytes else { return 0 }
                let address = unsafe UnsafeBufferPointer(start: bytes, count: Int(count))
                return unsafe InternetAddress(Array(address)).isPublic ? 1 : 0
            })
    }

    /// libcurl copies the bytes.
    borrowing func setBody(_ body: [UInt8]) throws(HTTPError) {
        try set(CURLOPT_POSTFIELDSIZE_LARGE, toOffset: Int64(body.count))
        try check(unsafe slipway_curl_set_pointer(pointer, CURLOPT_COPYPOSTFIELDS, body))
    }

    private borrowing func check(_ code: CURLcode) throws(HTTPError) {
        guard code != CURLE_OK else { return }
        throw .library(Self.text(of: code))
    }

    /// Performs the exchange that the options describe; blocks until it ends.
    ///
    /// All options are gone afterwards, so that none outlives what it points to; connections stay.
    borrowing func perform(
        _ exchange: Exchange, headers: borrowing HeaderList
    ) throws(HTTPError) {
        defer { reset() }
        var message = [CChar](repeating: 0, count: Int(CURL_ERROR_SIZE))
        let code = try unsafe headers.withPointer { list throws(HTTPError) in
            try check(unsafe slipway_curl_set_pointer(pointer, CURLOPT_HTTPHEADER, list))
            try unsafe setCallbacks(context: Unmanaged.passUnretained(exchange).toOpaque())
            return unsafe message.withUnsafeMutableBufferPointer { buffer in
                _ = unsafe slipway_curl_set_pointer(
                    pointer, CURLOPT_ERRORBUFFER, buffer.baseAddress)
                return unsafe curl_easy_perform(pointer)
            }
        }
        withExtendedLifetime(exchange) {}
        if let failure = exchange.failure { throw failure }
        let text = String(
            decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        if let error = error(code, text.isEmpty ? Self.text(of: code) : text) { throw error }
    }

    /// What OpenSSL held against the certificate of the last exchange.
    private borrowing func certificateProblem() -> CertificateProblem {
        var result = 0
        guard unsafe slipway_curl_get_long(pointer, CURLINFO_SSL_VERIFYRESULT, &result) == CURLE_OK
        else { return .other }
        return CertificateProblem(verifyResult: result)
    }

    private static func text(of code: CURLcode) -> String {
        guard let text = unsafe curl_easy_strerror(code) else { return "error \(code.rawValue)" }
        return unsafe String(cString: text)
    }

    private borrowing func error(_ code: CURLcode, _ detail: String) -> HTTPError? {
        switch code {
        case CURLE_OK: nil
        // The scheme was looked at before: an unsupported protocol is what the server speaks.
        case CURLE_URL_MALFORMAT: .badURL(detail)
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT,
            CURLE_INTERFACE_FAILED:
            .unreachable(detail)
        case CURLE_PEER_FAILED_VERIFICATION: .certificate(certificateProblem(), detail)
        case CURLE_OPERATION_TIMEDOUT: .timedOut(detail)
        case CURLE_FAILED_INIT, CURLE_NOT_BUILT_IN, CURLE_OUT_OF_MEMORY,
            CURLE_BAD_FUNCTION_ARGUMENT, CURLE_UNKNOWN_OPTION, CURLE_RECURSIVE_API_CALL,
            CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE:
            .library(detail)
        default: .network(detail)
        }
    }
}

// MARK: - Callbacks

/// No Swift error crosses libcurl: the exchange keeps it, and the callback only says "stop".
extension EasyHandle {
    @unsafe private borrowing func setCallbacks(
        context: UnsafeMutableRawPointer
    ) throws(HTTPError) {
        for option in [CURLOPT_HEADERDATA, CURLOPT_WRITEDATA, CURLOPT_READDATA] {
            try check(unsafe slipway_curl_set_pointer(pointer, option, context))
        }
        try check(
            unsafe slipway_curl_set_callback(pointer, CURLOPT_HEADERFUNCTION) {
                bytes, size, count, context in
                guard let line = unsafe EasyHandle.copy(bytes, count: size * count),
                    let exchange = unsafe EasyHandle.exchange(context),
                    exchange.addHeader(line: line)
                else { return EasyHandle.stop(after: size * count) }
                return size * count
            })
        try check(
            unsafe slipway_curl_set_callback(pointer, CURLOPT_WRITEFUNCTION) {
                bytes, size, count, context in
                let body = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
                guard let exchange = unsafe EasyHandle.exchange(context),
                    unsafe exchange.addBody(body)
                else { return EasyHandle.stop(after: size * count) }
                return size * count
            })
        try check(
            unsafe slipway_curl_set_callback(pointer, CURLOPT_READFUNCTION) {
                buffer, size, count, context in
                guard let buffer = unsafe buffer,
                    let exchange = unsafe EasyHandle.exchange(context),
                    let body = exchange.nextBody(maximumByteCount: size * count)
                else { return Int(CURL_READFUNC_ABORT) }
                unsafe UnsafeMutableRawPointer(buffer).copyMemory(
                    from: body, byteCount: body.count)
                return body.count
            })
    }

    @unsafe private static func exchange(_ context: UnsafeMutableRawPointer?) -> Exchange? {
        guard let context = unsafe context else { return nil }
        return unsafe Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
    }

    @unsafe private static func copy(
        _ bytes: UnsafeMutablePointer<CChar>?, count: Int
    ) -> [UInt8]? {
        guard let bytes = unsafe bytes else { return nil }
        return unsafe Array(UnsafeRawBufferPointer(start: bytes, count: count))
    }

    /// What tells libcurl to stop: any number but the one it offered.
    private static func stop(after count: Int) -> Int { count == 0 ? 1 : 0 }
}

/// The header lines of one request: one `curl_slist`.
@safe struct HeaderList: ~Copyable {
    /// Null while there are no lines, as libcurl writes an empty list.
    private var pointer: UnsafeMutablePointer<curl_slist>?

    init(_ lines: [String]) throws(HTTPError) {
        unsafe pointer = nil
        for line in lines {
            guard let longer = unsafe curl_slist_append(pointer, line) else {
                throw .library("no memory for headers")
            }
            unsafe pointer = longer
        }
    }

    deinit {
        unsafe curl_slist_free_all(pointer)
    }

    @unsafe borrowing func withPointer<Result>(
        _ body: (UnsafeMutablePointer<curl_slist>?) throws(HTTPError) -> Result
    ) throws(HTTPError) -> Result {
        try unsafe body(pointer)
    }
}
