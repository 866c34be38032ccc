internal import CPKCS11
internal import Glibc

/// A PKCS #11 library that is loaded and set up; torn down when the value's life ends.
///
/// A library has one state for the whole process, so ``Lock/module`` is held for all of the life.
@safe struct PKCS11Module: ~Copyable {
    /// Never null; it lives in the library, which stays loaded.
    private let functions: UnsafePointer<CK_FUNCTION_LIST>
    /// Whether nobody else in this process had set it up.
    private let isOurs: Bool

    init(path: String) throws(PKCS11Error) {
        let functions = try unsafe Self.load(path)
        var arguments = unsafe CK_C_INITIALIZE_ARGS()
        unsafe arguments.flags = CKF_OS_LOCKING_OK
        let code = unsafe functions.pointee.C_Initialize?(&arguments) ?? CKR_FUNCTION_NOT_SUPPORTED
        guard code == CKR_OK || code == CKR_CRYPTOKI_ALREADY_INITIALIZED else {
            throw .failed(function: "C_Initialize", code: code)
        }
        unsafe self.functions = functions
        isOurs = code == CKR_OK
    }

    deinit {
        if isOurs { _ = unsafe functions.pointee.C_Finalize?(nil) }
    }

    /// The library is never unloaded: some leave threads or handlers behind that are in its code.
    private static func load(_ path: String) throws(PKCS11Error) -> UnsafePointer<CK_FUNCTION_LIST>
    {
        guard let library = unsafe dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
            let reason = unsafe dlerror().map { unsafe String(cString: $0) }
            throw .badModule(path: path, reason: reason ?? "it cannot be loaded")
        }
        guard let symbol = unsafe dlsym(library, "C_GetFunctionList") else {
            throw .badModule(path: path, reason: "it has no function C_GetFunctionList")
        }
        let getFunctionList = unsafe unsafeBitCast(symbol, to: CK_C_GetFunctionList.self)
        var functions: UnsafePointer<CK_FUNCTION_LIST>?
        let code = unsafe getFunctionList(&functions)
        guard code == CKR_OK else { throw .failed(function: "C_GetFunctionList", code: code) }
        guard let functions = unsafe functions, unsafe functions.pointee.version.major >= 2 else {
            throw .badModule(path: path, reason: "it is of a version before 2")
        }
        return unsafe functions
    }

    /// Calls a function of the library by way of `body`.
    ///
    /// - Throws: ``PKCS11Error/failed(function:code:)``, also for a function that it lacks.
    @unsafe borrowing func call(
        _ function: String, _ body: (CK_FUNCTION_LIST) -> CK_RV?
    ) throws(PKCS11Error) {
        let code = unsafe body(functions.pointee) ?? CKR_FUNCTION_NOT_SUPPORTED
        guard code == CKR_OK else { throw .failed(function: function, code: code) }
    }
}

// MARK: - Tokens

extension PKCS11Module {
    /// The most slots that are looked at.
    private static let maximumSlotCount: CK_ULONG = 1024

    /// What there is to know of a token before a session with it.
    struct Token {
        let slot: CK_SLOT_ID
        let flags: CK_ULONG
    }

    /// The one token with `label` that is present.
    borrowing func token(labelled label: String) throws(PKCS11Error) -> Token {
        var found: [Token] = []
        for slot in try slots() {
            var information = CK_TOKEN_INFO()
            // A slot that does not answer does not keep anybody from another one.
            guard
                (try? unsafe call("C_GetTokenInfo") {
                    unsafe $0.C_GetTokenInfo?(slot, &information)
                })
                    != nil, information.flags & CKF_TOKEN_INITIALIZED != 0
            else { continue }
            let padded = unsafe withUnsafeBytes(of: information.label) { unsafe Array($0) }
            let name = padded.reversed().drop { $0 == 0x20 || $0 == 0 }.reversed()
            guard name.elementsEqual(label.utf8) else { continue }
            found.append(Token(slot: slot, flags: information.flags))
        }
        guard let token = found.first else { throw .noSuchToken(label) }
        guard found.count == 1 else { throw .severalTokens(label) }
        return token
    }

    private borrowing func slots() throws(PKCS11Error) -> [CK_SLOT_ID] {
        var count: CK_ULONG = 0
        try unsafe call("C_GetSlotList") { unsafe $0.C_GetSlotList?(1, nil, &count) }
        count = min(count, Self.maximumSlotCount)
        var slots = [CK_SLOT_ID](repeating: 0, count: Int(count))
        try unsafe call("C_GetSlotList") { unsafe $0.C_GetSlotList?(1, &slots, &count) }
        return Array(slots.prefix(Int(clamping: count)))
    }
}
