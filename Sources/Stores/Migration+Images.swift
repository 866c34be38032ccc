extension Schema {
    static let migrationImages = """
        -- Whether a device may still fetch an image that was withdrawn.
        CREATE INDEX offers_open_by_image ON offers (sha256) WHERE outcome = 'open';
        """
}
