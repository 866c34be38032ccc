internal import Wire

/// What a bundle says of itself, before anything in it is looked at.
enum BundleTarget {
    static func head(_ bytes: [UInt8]) throws(BrokenPromise) {
        let beginning = Array(bytes.prefix(BundleHead.linesByteCount))
        let count = try attempt { () throws(BundleError) in
            try BundleHead.byteCount(from: beginning)
        }
        guard let count, bytes.count >= count else { return }
        try hold(count <= BundleManifest.maximumByteCount + 32, "a head has its limit")
        let text = Array(bytes.prefix(count))
        let read = try attempt { () throws(BundleError) in try BundleHead(parsing: text) }
        guard let head = read else { return }
        try hold(head.bytes == text, "a head has one form")
        try hold(head.byteCount == Int64(count), "a head knows where it ends")
        var offset = head.byteCount
        for file in head.manifest.files {
            let range = head.range(of: file.name)
            try hold(range == offset..<offset + file.length, "one file lies behind the other")
            offset += file.length
        }
        try hold(head.imageOffset == offset, "the image lies behind the files")
        if let total = head.totalByteCount { try hold(total > offset, "an image has bytes") }
    }
}
