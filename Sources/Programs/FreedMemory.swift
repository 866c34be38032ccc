internal import CMalloc

/// Memory of this process that nothing is kept in any more (mallopt(3)).
public enum FreedMemory {
    /// Keeps some to be used again, instead of giving all back to the kernel at once.
    ///
    /// A server that reads files piece by piece would get every page of every piece anew, and filled
    /// with zeros.
    ///
    /// - Parameters:
    ///   - bytes: At most so many are kept for each group of threads.
    ///   - longest: What is longer is given back as soon as it is free, in bytes.
    public static func keep(bytes: Int32, longest: Int32) {
        // Whatever it answers: only speed depends on it.
        _ = mallopt(M_TRIM_THRESHOLD, bytes)
        _ = mallopt(M_MMAP_THRESHOLD, longest)
    }
}
