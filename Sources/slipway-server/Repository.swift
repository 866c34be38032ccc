internal import Buckets
import Foundation
internal import Model
internal import Orchestrator
internal import Server
internal import Stores

/// The repository, and where its images lie.
struct Repository {
    let directory: RepositoryDirectory
    let images: any ImageStore
    private let bucket: BucketImages?

    init(_ settings: ServerSettings, _ folder: URL) throws {
        let place = settings.images
        if place.hasPrefix("s3://") {
            directory = try RepositoryDirectory(folder: folder)
            let bucket = try Self.bucket(settings)
            self.bucket = bucket
            images = bucket
        } else {
            directory = try RepositoryDirectory(folder: folder, link: try Self.link(place))
            bucket = nil
            images = directory
        }
    }

    /// The address of a network that serves the folder; `nil` for none.
    private static func link(_ place: String) throws(ServerProblem) -> String? {
        guard place != "directory" else { return nil }
        let address = place.hasSuffix("/") ? String(place.dropLast()) : place
        guard ["http://", "https://"].contains(where: { address.hasPrefix($0) }),
            let host = URL(string: address)?.host(), !host.isEmpty,
            address.utf8.allSatisfy({ $0 > 32 && $0 < 127 }),
            !address.contains(where: { "?#".contains($0) })
        else {
            throw .configuration(
                "images: expected directory, s3://BUCKET/PREFIX, or the address of a CDN")
        }
        return address
    }

    private static func bucket(_ settings: ServerSettings) throws(ServerProblem) -> BucketImages {
        let address = BucketAddress(
            location: settings.images, endpoint: settings.s3Endpoint, region: settings.s3Region)
        guard let address else {
            throw .configuration(
                "images: \(settings.images) is no bucket with this s3_endpoint and s3_region")
        }
        let path = settings.s3CredentialsFile
        // Once now, so that a mistake is told at the start.
        _ = try BucketKey.read(path)
        return BucketImages(
            address, credentials: { try BucketKey.read(path) },
            now: { .now })
    }

    /// Asks the bucket once, so that a wrong key is told at the start and not by a device.
    ///
    /// One that does not answer now may answer later, and keeps no device from checking in.
    func check() async throws {
        guard let bucket else { return }
        do { try await bucket.check() } catch {
            guard case .unreachable = error else {
                throw ServerProblem.configuration("images: \(error)")
            }
            try? FileHandle.standardError.write(
                contentsOf: Data("slipway-server: images: \(error)\n".utf8))
        }
    }

    /// Removes what is left on this machine of uploads to a bucket.
    func removeFragments(olderThan age: Duration, isTrial: Bool) throws -> Int {
        guard bucket != nil else { return 0 }
        let now = Instant.now
        return try directory.removeFragments(
            before: now.advanced(by: .zero - age), isTrial: isTrial)
    }
}

/// The key of the bucket: in a file of its own, or in AWS's variables.
enum BucketKey {
    static func read(_ path: String?) throws(ServerProblem) -> BucketCredentials {
        guard let path else { return try fromEnvironment() }
        let data = try SecretFile.read(
            path, orSay: "s3_credentials_file: \(path) cannot be read")
        let text = String(data: data, encoding: .utf8)
        guard let key = text.flatMap({ BucketCredentials(fileText: $0) }) else {
            throw .configuration(
                "s3_credentials_file: \(path) has no aws_access_key_id and aws_secret_access_key"
                    + " under [default]")
        }
        return key
    }

    private static func fromEnvironment() throws(ServerProblem) -> BucketCredentials {
        let environment = ProcessInfo.processInfo.environment
        guard let id = environment["AWS_ACCESS_KEY_ID"],
            let secret = environment["AWS_SECRET_ACCESS_KEY"],
            let key = BucketCredentials(
                keyID: id, secret: secret, sessionToken: environment["AWS_SESSION_TOKEN"])
        else {
            throw .configuration(
                "name the bucket's key by s3_credentials_file, or by AWS_ACCESS_KEY_ID and"
                    + " AWS_SECRET_ACCESS_KEY")
        }
        return key
    }
}
