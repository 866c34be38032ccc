/// Which Slipway this is; a test holds it against the packages' changelog.
enum ProgramVersion {
    static let text = "0.4.0"
}
