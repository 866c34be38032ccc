/// Keys on elliptic curves that the `openssl` command made (version 3.0.19).
extension Fixture {
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

    /// The same point in the form that X9.62 calls hybrid.
    static let p256Hybrid = """
        -----BEGIN PUBLIC KEY-----
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAHzfq4991eaMPkc6uRm6LCyCrzKYFs
        +PCdksoPFfzI/n8ZjRL349c3vYlVeIamCsOSZg/fvNAax1I1w6e5cdWkRw==
        -----END PUBLIC KEY-----

        """

    /// The same key with the curve spelt out.
    static let p256Explicit = """
        -----BEGIN PUBLIC KEY-----
        MIIBSzCCAQMGByqGSM49AgEwgfcCAQEwLAYHKoZIzj0BAQIhAP////8AAAABAAAA
        AAAAAAAAAAAA////////////////MFsEIP////8AAAABAAAAAAAAAAAAAAAA////
        ///////////8BCBaxjXYqjqT57PrvVV2mIa8ZR0GsMxTsPY7zjw+J9JgSwMVAMSd
        NgiG5wSTamZ44ROdJreBn36QBEEEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5
        RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9QIhAP////8AAAAA
        //////////+85vqtpxeehPO5ysL8YyVRAgEBA0IABM36uPfdXmjD5HOrkZuiwsgq
        8ymBbPjwnZLKDxX8yP5/GY0S9+PXN72JVXiGpgrDkmYP37zQGsdSNcOnuXHVpEc=
        -----END PUBLIC KEY-----

        """

    static let p384 = """
        -----BEGIN PUBLIC KEY-----
        MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEt07W6hEBXSsk07LttS+99FR2Ljsm56Kd
        6A3RcitUkPquBtER0xo2g+er5Koc45WnkIfz1t+XgeNtI2sKgf5qxaFTmowh7i4O
        GSCifNXVeboc/1RtKJYu1hCkGC2zTcZx
        -----END PUBLIC KEY-----

        """

    static let secp256k1 = """
        -----BEGIN PUBLIC KEY-----
        MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEWXFXLXcN1y/FEkDqZed4faM79vWXy9G8
        sR0W8vsUD+Otw5O7DYPccjnu5B5JSiV4x8qNd3+WexjnXr7Jagq8Aw==
        -----END PUBLIC KEY-----

        """

    static let ed448 = """
        -----BEGIN PUBLIC KEY-----
        MEMwBQYDK2VxAzoA397lAo3xNaEo4nq6WTGFdaLZ6WsWKxRxvR7ouHo1sGoOoVev
        RzC66i5+qypoMADhCqakSVA/M/UA
        -----END PUBLIC KEY-----

        """

    static let ed25519 = """
        -----BEGIN PUBLIC KEY-----
        MCowBQYDK2VwAyEAKkVGm5PWKDj2QfHIqV/GmRxr1qxPbyzyTTooKu4jSGA=
        -----END PUBLIC KEY-----

        """
}
