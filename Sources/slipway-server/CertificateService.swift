internal import Logging
internal import Server
internal import ServiceLifecycle

/// Looks whether certificate and key were renewed, so that nobody has to restart the server.
struct CertificateService: Service {
    let credentials: TLSCredentials
    let logger: Logger

    private static let period = Duration.seconds(2)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    if try credentials.reloadIfChanged() {
                        logger.notice("new connections get the new certificate")
                    }
                } catch {
                    logger.error(
                        "the old certificate goes on", metadata: ["reason": "\(error)"])
                }
                try? await Task.sleep(for: Self.period)
            }
        }
    }
}
