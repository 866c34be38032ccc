import Foundation
import TestSupport

/// A library that kills `slipway-server` before its n-th word to PostgreSQL, answer from it, or change
/// of the file.
///
/// It is put before the C library, so that no moment depends on how fast anything runs.
struct MoveStrike {
    private let library: String

    /// Compiles the library, with the compiler that Swift brings along.
    init(in folder: URL) throws {
        let source = folder.appending(path: "strike.c")
        try Data(Self.source.utf8).write(to: source)
        library = folder.appending(path: "strike.so").path
        _ = try filtered(
            [], by: "clang", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library,
            source.path)
    }

    /// How many moments there are when nothing strikes.
    func count(_ arguments: [String]) throws -> Int {
        let end = try run(arguments, killedAt: 0)
        guard end.code == 0, let told = end.words.firstMatch(of: /moments: (\d+)/),
            let count = Int(told.output.1)
        else { throw ServerProcess.DidNotStart(said: end.words) }
        return count
    }

    func run(_ arguments: [String], killedAt moment: Int) throws -> (code: Int32, words: String) {
        try ServerProcess.run(
            "slipway-server", arguments,
            environment: ["LD_PRELOAD": library, "STRIKE": "\(moment)"])
    }

    private static let source = """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <signal.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <sys/socket.h>
        #include <unistd.h>

        static int count;

        static void strike(void) {
            const char *moment = getenv("STRIKE");
            if (moment && ++count == atoi(moment)) kill(getpid(), SIGKILL);
        }

        __attribute__((destructor)) static void tell(void) {
            fprintf(stderr, "moments: %d\\n", count);
        }

        #define STRIKE(result, name, parameters, ...) \\
            result name parameters { \\
                strike(); return ((__typeof__(&name))dlsym(RTLD_NEXT, #name))(__VA_ARGS__); }

        STRIKE(ssize_t, send, (int a, const void *b, size_t c, int d), a, b, c, d)
        STRIKE(ssize_t, recv, (int a, void *b, size_t c, int d), a, b, c, d)
        STRIKE(ssize_t, pwrite64, (int a, const void *b, size_t c, off64_t d), a, b, c, d)
        STRIKE(int, ftruncate64, (int a, off64_t b), a, b)
        STRIKE(int, fsync, (int a), a)
        STRIKE(int, fdatasync, (int a), a)
        STRIKE(int, unlink, (const char *a), a)
        """
}
