internal import CPKCS11

/// A conversation with one token; ended, with its login, when the value's life ends.
struct PKCS11Session: ~Copyable {
    private let module: PKCS11Module
    private let handle: CK_SESSION_HANDLE

    /// Calls `body` with a session in which the keys of the token named by `uri` can be used.
    ///
    /// One such call happens at a time in this process. It blocks, also on a user who has to touch
    /// the token.
    ///
    /// - Parameter pin: Not needed by a token with a keyboard of its own.
    static func with<Result>(
        _ uri: PKCS11URI, pin: [UInt8]?,
        _ body: (borrowing PKCS11Session) throws(PKCS11Error) -> Result
    ) throws(PKCS11Error) -> Result {
        try Lock.module.whileHeld { () throws(PKCS11Error) in
            let module = try PKCS11Module(path: uri.modulePath)
            let token = try module.token(labelled: uri.token)
            let needsLogin = token.flags & CKF_LOGIN_REQUIRED != 0
            let asksItself = token.flags & CKF_PROTECTED_AUTHENTICATION_PATH != 0
            guard pin != nil || asksItself || !needsLogin else {
                throw .pinNeeded(token: uri.token)
            }
            let session = try PKCS11Session(with: token.slot, of: module)
            if needsLogin { try session.logIn(as: CKU_USER, pin: pin) }
            return try body(session)
        }
    }

    private init(with slot: CK_SLOT_ID, of module: consuming PKCS11Module) throws(PKCS11Error) {
        var handle: CK_SESSION_HANDLE = 0
        try unsafe module.call("C_OpenSession") {
            unsafe $0.C_OpenSession?(slot, CKF_SERIAL_SESSION, nil, nil, &handle)
        }
        self.module = module
        self.handle = handle
    }

    deinit {
        let handle = handle
        try? unsafe module.call("C_Logout") { $0.C_Logout?(handle) }
        try? unsafe module.call("C_CloseSession") { $0.C_CloseSession?(handle) }
    }

    @unsafe private borrowing func call(
        _ function: String, _ body: (CK_FUNCTION_LIST, CK_SESSION_HANDLE) -> CK_RV?
    ) throws(PKCS11Error) {
        let handle = handle
        try unsafe module.call(function) { body($0, handle) }
    }

    private borrowing func logIn(as user: CK_ULONG, pin: [UInt8]?) throws(PKCS11Error) {
        do throws(PKCS11Error) {
            try unsafe call("C_Login") { functions, session in
                // Without a PIN, the token asks for it by itself.
                guard let pin else { return functions.C_Login?(session, user, nil, 0) }
                return unsafe functions.C_Login?(session, user, pin, CK_ULONG(pin.count))
            }
        } catch .failed(_, CKR_USER_ALREADY_LOGGED_IN) {}
    }
}

// MARK: - Objects

extension PKCS11Session {
    /// The longest attribute that is read, in bytes.
    private static let maximumAttributeByteCount: CK_ULONG = 4096

    /// The first objects, at most `maximumCount`, of a class that have all the `attributes`.
    borrowing func objects(
        of kind: CK_ULONG, with attributes: [PKCS11Attribute], maximumCount: Int
    ) throws(PKCS11Error) -> [CK_OBJECT_HANDLE] {
        let kind = unsafe withUnsafeBytes(of: kind) { unsafe Array($0) }
        let template = [PKCS11Attribute(type: CKA_CLASS, value: kind)] + attributes
        try unsafe PKCS11Attribute.withTemplate(template) { template throws(PKCS11Error) in
            try unsafe call("C_FindObjectsInit") {
                unsafe $0.C_FindObjectsInit?($1, template.baseAddress, CK_ULONG(template.count))
            }
        }
        defer {
            try? unsafe call("C_FindObjectsFinal") { $0.C_FindObjectsFinal?($1) }
        }
        var found: [CK_OBJECT_HANDLE] = []
        while found.count < maximumCount {
            var object: CK_OBJECT_HANDLE = 0
            var count: CK_ULONG = 0
            try unsafe call("C_FindObjects") { unsafe $0.C_FindObjects?($1, &object, 1, &count) }
            guard count == 1 else { break }
            found.append(object)
        }
        return found
    }

    /// An attribute of an object; `nil` when the object lacks it or keeps it to itself.
    borrowing func value(
        of type: CK_ULONG, in object: CK_OBJECT_HANDLE
    ) throws(PKCS11Error) -> [UInt8]? {
        var attribute = unsafe CK_ATTRIBUTE(type: type, pValue: nil, ulValueLen: 0)
        do throws(PKCS11Error) {
            try unsafe call("C_GetAttributeValue") {
                unsafe $0.C_GetAttributeValue?($1, object, &attribute, 1)
            }
        } catch .failed(_, CKR_ATTRIBUTE_TYPE_INVALID) { return nil } catch .failed(
            _, CKR_ATTRIBUTE_SENSITIVE)
        { return nil }
        // A length of all ones says that there is nothing to be had.
        let length = unsafe attribute.ulValueLen
        guard length <= Self.maximumAttributeByteCount else { return nil }
        var value = [UInt8](repeating: 0, count: Int(length))
        var got: CK_ULONG = 0
        try unsafe call("C_GetAttributeValue") { functions, session in
            unsafe value.withUnsafeMutableBytes { bytes in
                var attribute = unsafe CK_ATTRIBUTE(
                    type: type, pValue: bytes.baseAddress, ulValueLen: length)
                let code = unsafe functions.C_GetAttributeValue?(session, object, &attribute, 1)
                got = unsafe attribute.ulValueLen
                return code
            }
        }
        return got <= length ? Array(value.prefix(Int(got))) : nil
    }
}

// MARK: - Signing

extension PKCS11Session {
    /// The longest signature that fits, in bytes.
    private static let maximumSignatureByteCount = 1024

    /// What `mechanism`, which has no parameter, makes of `bytes` with the private `key`.
    borrowing func signature(
        over bytes: [UInt8], by key: CK_OBJECT_HANDLE, mechanism: CK_ULONG, pin: [UInt8]?
    ) throws(PKCS11Error) -> [UInt8] {
        var mechanism = unsafe CK_MECHANISM(
            mechanism: mechanism, pParameter: nil, ulParameterLen: 0)
        try unsafe call("C_SignInit") { unsafe $0.C_SignInit?($1, &mechanism, key) }
        // Some keys want the PIN again for each signature.
        if try value(of: CKA_ALWAYS_AUTHENTICATE, in: key) == [1] {
            try logIn(as: CKU_CONTEXT_SPECIFIC, pin: pin)
        }
        var signature = [UInt8](repeating: 0, count: Self.maximumSignatureByteCount)
        var count = CK_ULONG(signature.count)
        try unsafe call("C_Sign") {
            unsafe $0.C_Sign?($1, bytes, CK_ULONG(bytes.count), &signature, &count)
        }
        return Array(signature.prefix(Int(clamping: count)))
    }
}
