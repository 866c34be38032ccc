import Model
import Testing

@Suite struct URLPathTests {
    @Test(arguments: [
        ("", ""), ("aZ09-._~", "aZ09-._~"), ("a/b", "a%2Fb"), ("a b", "a%20b"), ("%", "%25"),
        ("é", "%C3%A9"), ("?#&=+:@", "%3F%23%26%3D%2B%3A%40"), ("\0\n", "%00%0A"),
    ])
    func encodesAllButTheUnreserved(segment: String, encoded: String) {
        #expect(URLPath.encode(segment) == encoded)
    }

    @Test(arguments: [
        ("", ""), ("a/b c", "a/b%20c"), ("/", "/"), ("a//b/", "a//b/"), ("../é", "../%C3%A9"),
        ("a/\u{301}b", "a/%CC%81b"),
    ])
    func leavesSlashesInAWholePath(path: String, encoded: String) {
        #expect(URLPath.encodeAll(path) == encoded)
    }
}
