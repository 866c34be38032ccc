/// Keys and signatures that the `openssl` command made (version 3.0.19).
enum KeyFixture {
    static let rsa2048 = """
        -----BEGIN PUBLIC KEY-----
        MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA0Apk/GAWLtDouB9c5adF
        ifAI1HTyds+DD81HET9jdjT00IL124fplbFYNoMWw71R//rHpk7KRMUIGhqpCbEc
        aBGtSVzVCsW0fvgdQq0oS8Nk+D/GnWIIKWZLySwQj/y8HH4H/ifWthNnNpv90wbA
        pKafhV17T/PooFq7jKu8XRVOXnbYZwWEtJPl0D47T1YG8EtVWj9WjoAhrMBXzQgU
        PAPD0sNvebV4LkcooFit8BgaIf9b5LvK71i3jQXi1kJq5Dm6kPfYVTImGvzYiPyd
        zoXYOVofSuAxpqgeJ7QJqxcIwt6JHvtt3qPo2Cm1V5Y8Rzf+4amlCCsEQJnxY2G3
        2QIDAQAB
        -----END PUBLIC KEY-----

        """

    static let rsa1024 = """
        -----BEGIN PUBLIC KEY-----
        MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC69iQHItxCNIu13J1tcqJBj9id
        H5mZNgBErRqXbkKfdbo1rsLA+28/De1hDLJeJ7g3ONqT5PcGUapkeFjueE+sP7jZ
        tINd55/VJmwfAEJM7457WDeKBOgt4HhiMMMr/efcq+Muu4CadgH/ZXq8KDwkpUSw
        hliyTmyHSTk7Xn1+HwIDAQAB
        -----END PUBLIC KEY-----

        """

    static let p256Private = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgsFqtc3PQtZ/QWw7I
        3Z2uNyh6HTDKaMC0J3Xfy3js0KyhRANCAATN+rj33V5ow+Rzq5GbosLIKvMpgWz4
        8J2Syg8V/Mj+fxmNEvfj1ze9iVV4hqYKw5JmD9+80BrHUjXDp7lx1aRH
        -----END PRIVATE KEY-----

        """

    static let p256 = """
        -----BEGIN PUBLIC KEY-----
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEzfq4991eaMPkc6uRm6LCyCrzKYFs
        +PCdksoPFfzI/n8ZjRL349c3vYlVeIamCsOSZg/fvNAax1I1w6e5cdWkRw==
        -----END PUBLIC KEY-----

        """

    /// The same point, its second coordinate told by one bit.
    static let p256Compressed = """
        -----BEGIN PUBLIC KEY-----
        MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgADzfq4991eaMPkc6uRm6LCyCrzKYFs
        +PCdksoPFfzI/n8=
        -----END PUBLIC KEY-----

        """

    static let p384 = """
        -----BEGIN PUBLIC KEY-----
        MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEt07W6hEBXSsk07LttS+99FR2Ljsm56Kd
        6A3RcitUkPquBtER0xo2g+er5Koc45WnkIfz1t+XgeNtI2sKgf5qxaFTmowh7i4O
        GSCifNXVeboc/1RtKJYu1hCkGC2zTcZx
        -----END PUBLIC KEY-----

        """

    static let ed25519 = """
        -----BEGIN PUBLIC KEY-----
        MCowBQYDK2VwAyEAKkVGm5PWKDj2QfHIqV/GmRxr1qxPbyzyTTooKu4jSGA=
        -----END PUBLIC KEY-----

        """

    /// Signature of ``rsa2048`` over targets of version 1 that list nothing until ``later``.
    static let rsaPSS =
        "48120dd40e273bdf96e5a27371b269719643354e3f373744fad797b90431fee202263670c8029aa18286"
        + "4b1191529a2aecb53c0c6c8a7cbfd196580fc1c7725b75bf310ff0c94307d384c6503d73827687be4b6e"
        + "9db0ba556cf4b0960ae2d12db73fef60e73df8e5ac0ee1fc3eac781efa84398aa31a6e4e6fae7add5045"
        + "26341cff79635a45c99fc6e89022d6733bf90c35aeef653fd16c59b230676888106614220bde25d24161"
        + "28ec75479fc6cc77a6820ed07fb2bd090face976c721ea53f6b8f08ee0ac74d39447f42a634406e2fc96"
        + "892980f9a2da1a236c672845d068e82249df93153cd145dcae4c55056271e4b4f6e637e2ad02a9a8eb73"
        + "ca2da22e"

    /// The same with the older padding.
    static let rsaPKCS1 =
        "80631b7b98dc450469b19ba5706a60c1669dbe93f4f52ef67f1c25b9597920342a05b7418ee27440d5f3"
        + "7576f27a44d2b2a2487d46ac4e49aaec48069df30c0fa30d5c082dccb5b7f972392653c7018035c642b8"
        + "4a077e372d519836b39784f0334c16ad0e923a6bbc37139970680e5ea31fee60daffd884332af1010ec5"
        + "4be5ff0b80e2cf8214fb2e410b42968ad96bc1165862438ff0159546b915c40f1b46c42e8379f5f5a115"
        + "05565f0f07e081c3360ba5c0ba9f6f83f425a682d0e83d1aab6baeb1bb2725e10161fb39c33ec39614d5"
        + "255e5611399f128ac3f1bf5a043877ba26dcfc4c9672b329d90bf2bf967c6a281e61f3e341a595ef075a"
        + "70498399"

    /// Signature of ``p256`` over the same targets.
    static let ecdsa =
        "3045022046ca2d2e560cc6695a2085fa52735103aa099fa3b50464b40a8a13fbb50aac67022100d709a5"
        + "99ac41fb08940c2bcb3c5ac03912ace40831c6f3ba35b3609b456ca684"
}
