// The only file of this target that touches raw memory; an ordinary build leaves it empty.
#if FUZZING
    internal import Glibc

    /// Hands the process to libFuzzer, which calls its last argument with one input after another.
    @_extern(c, "LLVMFuzzerRunDriver")
    private func runDriver(
        _ argumentCount: UnsafeMutablePointer<Int32>,
        _ arguments: UnsafeMutablePointer<
            UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
        >,
        _ runOne: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
    ) -> Int32

    enum LibFuzzer {
        /// Fuzzes the target that `SLIPWAY_FUZZ_TARGET` names until libFuzzer's own options say stop.
        ///
        /// The name stands in the environment because libFuzzer starts itself again with its
        /// arguments when it merges corpora.
        static func run() -> Never {
            var count = CommandLine.argc
            var arguments = unsafe CommandLine.unsafeArgv
            exit(
                unsafe runDriver(&count, &arguments) { start, count in
                    Self.runOne(unsafe Array(UnsafeBufferPointer(start: start, count: count)))
                    return 0
                })
        }

        private static let target: FuzzTarget = {
            let name = unsafe getenv("SLIPWAY_FUZZ_TARGET").map { unsafe String(cString: $0) }
            guard let target = name.flatMap({ FuzzTarget(rawValue: $0) }) else {
                preconditionFailure("SLIPWAY_FUZZ_TARGET must name a target")
            }
            return target
        }()

        private static func runOne(_ bytes: [UInt8]) {
            do { try target.run(bytes) } catch {
                // Of the traps, only this one says why in an optimised build.
                fatalError("broken promise: \(error.promise)")
            }
        }
    }
#endif
