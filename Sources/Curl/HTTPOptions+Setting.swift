internal import CCurl

extension HTTPOptions {
    /// How long the address of a host is believed in, so that a server may move.
    private static let addressLifetimeSeconds = 15

    /// Tells libcurl; each part of libcurl's state is set, because a reset went before.
    func set(on handle: borrowing EasyHandle) throws(HTTPError) {
        try setPace(on: handle)
        try setWay(on: handle)
        try setTrust(on: handle)
    }

    private func setPace(on handle: borrowing EasyHandle) throws(HTTPError) {
        try handle.set(CURLOPT_USERAGENT, to: userAgent)
        try handle.set(CURLOPT_BUFFERSIZE, to: HTTPClient.bufferByteCount)
        try handle.set(CURLOPT_CONNECTTIMEOUT, to: connectTimeoutSeconds)
        try handle.set(CURLOPT_LOW_SPEED_TIME, to: stallTimeoutSeconds)
        try handle.set(CURLOPT_LOW_SPEED_LIMIT, to: Int(stallBytesPerSecond))
        try handle.set(CURLOPT_MAX_RECV_SPEED_LARGE, toOffset: maximumReceiveBytesPerSecond ?? 0)
    }

    private func setWay(on handle: borrowing EasyHandle) throws(HTTPError) {
        try handle.set(CURLOPT_DNS_CACHE_TIMEOUT, to: Self.addressLifetimeSeconds)
        // The kernel finds out about a peer that is gone while nothing is sent.
        try handle.set(CURLOPT_TCP_KEEPALIVE, to: 1)
        // The mark says that this is an interface, and not a host of that name.
        if refusesPrivateAddresses { try handle.refusePrivateAddresses() }
        if let interface { try handle.set(CURLOPT_INTERFACE, to: "if!\(interface)") }
        switch proxy {
        case .fromEnvironment: break
        case .none: try handle.set(CURLOPT_PROXY, to: "")
        case .through(let address): try handle.set(CURLOPT_PROXY, to: address.url)
        }
        if let exceptions = hostsWithoutProxy ?? (proxy == .fromEnvironment ? nil : []) {
            try handle.set(CURLOPT_NOPROXY, to: exceptions.joined(separator: ","))
        }
    }

    /// HTTP/2 needs no word: libcurl asks for it wherever there is TLS, and only there.
    private func setTrust(on handle: borrowing EasyHandle) throws(HTTPError) {
        try handle.set(CURLOPT_SSLVERSION, to: Int(CURL_SSLVERSION_TLSv1_2))
        try handle.set(CURLOPT_PROXY_SSLVERSION, to: Int(CURL_SSLVERSION_TLSv1_2))
        if let authorityPath {
            try handle.set(CURLOPT_CAINFO, to: authorityPath)
            try handle.unset(CURLOPT_CAPATH)
            // The proxy may be known to the system: it is no more than a way to the server.
            try handle.set(CURLOPT_PROXY_CAINFO, to: authorityPath)
        }
        if let signature {
            try handle.set(
                CURLOPT_AWS_SIGV4, to: "aws:amz:\(signature.region):\(signature.service)")
            try handle.set(CURLOPT_USERNAME, to: signature.keyID)
            try handle.set(CURLOPT_PASSWORD, to: signature.secret)
        }
        guard let clientCertificate else { return }
        try handle.set(CURLOPT_SSLCERT, to: clientCertificate.certificatePath)
        try handle.set(CURLOPT_SSLKEY, to: clientCertificate.keyPath)
        // Also when it is empty: OpenSSL would ask a terminal otherwise.
        try handle.set(CURLOPT_KEYPASSWD, to: clientCertificate.passphrase)
    }
}
