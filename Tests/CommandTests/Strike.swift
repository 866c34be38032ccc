import Foundation
import Testing

/// A library that stops a program at its n-th change of a file, as a power cut or a full disk would.
///
/// It is put before the C library, so that no moment depends on how fast anything runs.
struct Strike {
    /// How the n-th change ends.
    enum Kind: String, CaseIterable, Sendable {
        /// The process is killed before it.
        case kill
        /// It fails with `ENOSPC`, and what comes after works.
        case fail
    }

    private let library: String

    /// Compiles the library, with the compiler that Swift brings along.
    init(_ slipway: Slipway) throws {
        let source = try slipway.file("strike.c", Self.source)
        library = slipway.place("strike.so").path
        let end = try slipway.run(
            URL(filePath: "/usr/bin/env"),
            ["clang", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library, source])
        try #require(end.code == 0, "\(end.errors)")
    }

    /// Runs `body`, in which programs are struck at change `number`, counted from 1.
    func strike<Result>(
        _ slipway: Slipway, _ kind: Kind, at number: Int, _ body: () throws -> Result
    ) rethrows -> Result {
        let before = slipway.environment
        defer { slipway.environment = before }
        slipway.environment["LD_PRELOAD"] = library
        slipway.environment["STRIKE"] = "\(kind.rawValue) \(number)"
        return try body()
    }

    /// How many changes the program makes that `body` runs, when nothing strikes it.
    func count(_ slipway: Slipway, _ body: () throws -> Slipway.End) throws -> Int {
        let before = slipway.environment
        defer { slipway.environment = before }
        slipway.environment["LD_PRELOAD"] = library
        slipway.environment["STRIKE"] = "tell 0"
        let told = try #require(try body().errors.firstMatch(of: /changes: (\d+)/)).1
        return try #require(Int(told))
    }

    private static let source = """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <errno.h>
        #include <fcntl.h>
        #include <signal.h>
        #include <stdarg.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/stat.h>
        #include <unistd.h>

        static int count;

        static int struck(void) {
            const char *strike = getenv("STRIKE");
            if (!strike || ++count != atoi(strike + 5)) return 0;
            if (!strncmp(strike, "kill", 4)) kill(getpid(), SIGKILL);
            errno = ENOSPC;
            return 1;
        }

        __attribute__((destructor)) static void tell(void) {
            const char *strike = getenv("STRIKE");
            if (strike && !strncmp(strike, "tell", 4)) fprintf(stderr, "changes: %d\\n", count);
        }

        #define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
        #define STRIKE(result, name, parameters, ...) \\
            result name parameters { return struck() ? -1 : REAL(name)(__VA_ARGS__); }
        #define CHANGES(flags) ((flags) & (O_CREAT | O_WRONLY | O_RDWR))
        #define MODE va_list rest; va_start(rest, flags); int mode = va_arg(rest, int); va_end(rest)
        #define OPEN(name) int name(const char *path, int flags, ...) { \\
            MODE; return CHANGES(flags) && struck() ? -1 : REAL(name)(path, flags, mode); }
        #define OPENAT(name) int name(int at, const char *path, int flags, ...) { \\
            MODE; return CHANGES(flags) && struck() ? -1 : REAL(name)(at, path, flags, mode); }

        OPEN(open) OPEN(open64) OPENAT(openat) OPENAT(openat64)
        STRIKE(int, rename, (const char *a, const char *b), a, b)
        STRIKE(int, renameat, (int a, const char *b, int c, const char *d), a, b, c, d)
        STRIKE(int, unlink, (const char *a), a)
        STRIKE(int, unlinkat, (int a, const char *b, int c), a, b, c)
        STRIKE(int, remove, (const char *a), a)
        STRIKE(int, mkdir, (const char *a, mode_t b), a, b)
        STRIKE(int, link, (const char *a, const char *b), a, b)
        STRIKE(int, fsync, (int a), a)
        STRIKE(int, ftruncate, (int a, off_t b), a, b)
        STRIKE(int, mkstemp, (char *a), a)
        STRIKE(int, mkostemp, (char *a, int b), a, b)

        ssize_t write(int file, const void *bytes, size_t count) {
            // What is only said changes nothing.
            return file > 2 && struck() ? -1 : REAL(write)(file, bytes, count);
        }
        """
}
