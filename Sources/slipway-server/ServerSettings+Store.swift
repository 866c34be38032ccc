import Foundation
internal import Orchestrator
internal import Server
internal import Stores

extension ServerSettings {
    /// The database that the settings name, or the file in the server's folder.
    func openStore(in folder: DataFolder) throws(StoreError) -> any Store {
        guard let store else { return try SQLiteStore(path: folder.database.path) }
        return try PostgresStore(url: store)
    }
}
