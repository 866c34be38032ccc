/// Keys and signatures that the `openssl` command made (version 3.0.19).
enum Fixture {
    /// What every signature here is over; also the payload of empty targets in `TrustTests`.
    static let message =
        #"{"_type":"targets","expires":"1970-01-01T00:33:20Z","spec_version":"1.0.34","targets":{},"version":1}"#

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

    static let rsa2047 = """
        -----BEGIN PUBLIC KEY-----
        MIIBITANBgkqhkiG9w0BAQEFAAOCAQ4AMIIBCQKCAQBkpgdi2tPLwHDxIZ5zfP+J
        dmqO2VOcWG1eF2gP6/fIrOcJ3w9hBwBNg4YKySiJTqEgvw/YkTEG3pa+1Jvx6n5e
        e6EJ12lDCkmzRjq0kkhtGkUB7zQsn+kBC971DM4QSgpDKjzLfyy1xsj6M2ltRvZE
        z9NbwLnRyh7LxVpHuq4C7kkvWIKSXNMz6goB3JWPWyVGPlY/KVuPl4akepm2G0Fn
        8nPyMOUZibR1//2yi479mTt1kBOsm6WoYvgcfeDO5bO0EjblXK56kfi142sB8YGK
        QRWgd4SFQ0He42LU3KdIj/NTrCaa5UuJ5t5ZpXh7QR74XZ1NGfm1pDOYshuaVFSb
        AgMBAAE=
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

    /// The same kind of key under the object identifier id-RSASSA-PSS.
    static let rsaOnlyPSS = """
        -----BEGIN PUBLIC KEY-----
        MIIBIDALBgkqhkiG9w0BAQoDggEPADCCAQoCggEBAK5xsKDWUu0hacZW5LmHPdr9
        dOinqh3WVf8cbMB7kkvLIuGU8HIZbD8Wt37l5d+JvvxuCgefE8daDy7U0WtlEp7G
        TW6b1n8kmQdoA2IjVDmQr2ABJlwtx5isQUUPx01LUPtn03k9LzHtBb5xbu6iqN5N
        Vp/CksoyVsSx6x949NBzhgzGDE/K0iGMo+1fOqBLD+z0sR9FF3vmb0eyash7hlb1
        HEKkC4T8bLeB8iH9dBPdQgcwak5A09HH8YDfMw7wQti+6ZqLr7woHE44MFC5c/ST
        F4fsCGB49bHHpVIEY8jPxkLEbc5OKhAdslmmurbhigUgB6u9x68RhDK/OoByc68C
        AwEAAQ==
        -----END PUBLIC KEY-----

        """

    /// A modulus of 8193 bits; nobody knows its factors.
    static let rsa8193 = """
        -----BEGIN PUBLIC KEY-----
        MIIEIjANBgkqhkiG9w0BAQEFAAOCBA8AMIIECgKCBAEBHCRC+SmMs6VwzOwxNXGB
        CvwTLQ0RPbF9MMvJfQ/veShmg2iGomDNC3tFFFwagWgsZOUMrWYjegRl5+QjZHLx
        o48sbsjMQWmjrjorf9/gGJPzrtC2x6wUkd74gzTmR8uPdOaaXQ3SemW9YoiBrRty
        26er4cKeGo7080HgeoP3Pxbb9KiysMQxLSAgNibz/jnAUZCI9ZD7vRGcHKr3Xodm
        7Yja9AFrQBPvJUsMTgEMR1lILJy8Q0NcxS6uBc+W0Mxf1MKMLnwmhH8DFpCeO7vp
        6qiUjIk7YYZ2Jrt9vS0cmvAVPnwqJqLAvTsSh//1Ld9dYWSZyeJadgWuxvAkW9ht
        QPyJG0pqUN9NtNZqOkdGmk2M2zBf3S4WCW42qrDRvFLZIw2XfuIlcVlHIHcfjKgY
        EWbSKHZy/fICKpb7GhSg+ed/GxA83xWCsOq0d9JkFUecZdyfUD9jr4O9BWHmIRxw
        z0mVI5nEqurBN9x2+w8XowB+YqoKHfn9eJxlOTgrBTfmWv+yKXYxqZLwzlg1Bcav
        B1jVVj2rLNMe4xUSiGLDOk+3dOtSSNtAr3IVg3DSaamlrmWPM/47iQuT9Eizpao8
        gU9CbcuzlPs2uy1CDw+ICAsQo9ayqgXhGrJxWUV5XoIpRRq9gfHWntYX9eg31wgg
        /hGactF0yd9qzAEc3ZR0Axt/JhRLmCifzVmlSnux/uCPVxJCQlBRwczRf5rK4B9Q
        V8oCE16SsdPyjt4NesO66p4T3u+GqxAx0PZG4fQKCXyXa/RsaX0sr4Lu6sviJuh1
        VVeQ+C7B0/z/Kjr01GsKGOiDDge8HjmPEBK9Ss767L04m+S8/Em2Sghy5sw6urzt
        IFfuBc3gCQLHfr/yBoZzRyFM3SBVkw1urxT0cz8+fRv7x6LqILLxTJQuBTGay1x0
        Jz+Y4ndMvYetXJCpWHQD5DDsZqeHledh0XcxrxBQa/Lvxvh3GG12sH6IHtFiri6x
        VH8VBSQ0ubXfnndpsQ9CBbSQenDDEBLwN7ZM5CKMOPspGPE10l9VcgMwGFDFo4/V
        R5I6c2mU47+RGmHb4i5EFYuul7qU0O2oL49tBVhO+Ko4kidmWB4nocCKamPsJO3m
        pGtMskJKI9WWIhe+rdvElsuOgZc+C+zXsDiY0ZD569rMDLHinGWM2hSV5gr1k70E
        zw/WMPHynQ2plT9I8aCfdrWhcLM4OSYwWfKMEF0fsXwjkMGSz9OslK8PId22bK1K
        Jo0Rbs4XOPfZPZwXJBHiC49rDVSbbwNnWhYAo1oJmVDYNvZ1zIHnTvXo4l2UDtkE
        dZUxmF1dncn4GBjoEYkvkCvSPwgkEosvMwxcf9Cmo6RQZRMnDiaeDTfyp03kUua0
        OQIDAQAB
        -----END PUBLIC KEY-----

        """

    /// A modulus of 8192 bits; nobody knows its factors.
    static let rsa8192 = """
        -----BEGIN PUBLIC KEY-----
        MIIEIjANBgkqhkiG9w0BAQEFAAOCBA8AMIIECgKCBAEAgQG4EZvKPLcu4Cidxskb
        knCsBqzfcDAXBMnXjYKzNZmGBIcZJt6/24glrlYhebN9gGwQteDPq0zq78TS079t
        AWuuS1uESnA053/+SNCm7BeVVlheqZfzUXVKCc3lz+36WpGW8L1riBro9uC9D5dw
        RCGOC3vVjc20a0RoBotas+5CZbsxU3QJApYgvw3DgISgPZP9TIBMJdZK/9zRNni8
        jUB4PwoHKpjSNgbe/N+4XA3TfukVMd7E9N8qi3n8joCzbw4iiSOl74jvAgkLv978
        FYbOA/kaT0T5plEURbnzY1z4jEIrzKKpKwOlbMEFekCyIYgofoxccV+MdPweJ+ng
        b1m0TpLv/d7qqEK8GXlvdK369VSWmIrz+9OWMNackBHvJWut+afmUpvOdun0dyFu
        nuekYwmXP3mGJrHP/AcNcQkghZY0/jycjyuFXB8oqspRuYxnwhW9RI/yYUntvkxc
        5mbBSU52kbBvZVWr/rjJgXr4vogx8jfkWs0CxeEWNT0DVR/Y+aLGjkXKBMefbxW2
        rS2zmX/jljm+emBakTMGmKHACTSStiRncchFAHBjdxQH6OcniR6yAQmpHCQ51auL
        TRW0CuukpF7/zLVz2VgQ1g6nKZG56MFHQ3q+xTkAfRA01ybIa5w6I83mept1/DlH
        JJ/C0KF7jyq1NFHQE1Z19q0yW1XdeFcpdjoSkXwaJviJOHA4ABSeJZtdWMcF+XnQ
        SvR6691Zeh7P/PAP7Lke6eXv4J8Hzv4qH3J9g0lYIst39N4sCJrqZCmxSR4kMZK3
        BEJZQFJ45LmNR4f5O8pE64YHJuJc/VapJgdrPja7IxP1WwYljn4m82qEg/i4My3T
        MToLmWXNpsb9vWhRZ2aTQDbRfkSXPUiCpc5bKpIx9RcH2kXhisIhawL8JB0LydSI
        sc+/M2Cc/IZSORlCQqLt271UZOzCgLDAi8dwJCCKpCSMiFf5pDkI8ifFnbkWWw7n
        byrDREbog6HUXeAJl4S1qBhC2HII2G9A9rI588cXTHei3QLekqSWNqL6fw6rTE+b
        BocyLiXCFagqBuxBreoFdUOLDVkLsKhE5SWHvmtcm881hzvgePO3pQ3zc8pTNIj4
        dgXpmfOELn/CKVQKbrEqofbUL927eob3okPHG5q9h6hlV7b7fr/qoVUaKPezJOTi
        WhX8iZ5P1Y2+e9yWi3r7LGh3SxXX+lKbo/47+tp88gck2VPuJh2HzsMfcpareWH9
        kl050KiaLvgPWO6FcfSZjXxAk/beomiqhyYHZ51gUJFKnTOgHDU8Yxzf1D83EgAz
        nQaHOfqdHeKgXRWKL/LuTkUZ+ZGciV/Xsya5TH+RGLsWAA9JyBo1jKANdZhdmclD
        CQIDAQAB
        -----END PUBLIC KEY-----

        """
}

/// Signatures over ``Fixture/message``.
extension Fixture {
    /// RSA-PSS with a salt of 32 bytes, as TUF signers make it.
    static let pss32 =
        "48120dd40e273bdf96e5a27371b269719643354e3f373744fad797b90431fee202263670c8029aa18286"
        + "4b1191529a2aecb53c0c6c8a7cbfd196580fc1c7725b75bf310ff0c94307d384c6503d73827687be4b6e"
        + "9db0ba556cf4b0960ae2d12db73fef60e73df8e5ac0ee1fc3eac781efa84398aa31a6e4e6fae7add5045"
        + "26341cff79635a45c99fc6e89022d6733bf90c35aeef653fd16c59b230676888106614220bde25d24161"
        + "28ec75479fc6cc77a6820ed07fb2bd090face976c721ea53f6b8f08ee0ac74d39447f42a634406e2fc96"
        + "892980f9a2da1a236c672845d068e82249df93153cd145dcae4c55056271e4b4f6e637e2ad02a9a8eb73"
        + "ca2da22e"

    /// RSA-PSS without salt.
    static let pss0 =
        "540e047aa3d434a215df35fb2cae238e72fb273dc7583b7322c2ef2013e28506c0407cde70153cdbbe8b"
        + "157ddefd8db88a74ce7c8e51349bae1bbea1c79cec245c8357a942686687b74b5df4f63b44270b2ae415"
        + "93baa3cb89d5c3a0437ee995b6cd99c0db0539faa5203002c7c990168084a1ab772cb9555f0e88656891"
        + "48f1a03dc7a2ed05c2e8035652d663de6031025960e4dd3db2a2d1d5bf769161e5af6facdc9057eb9150"
        + "40e4e0d5b3a2c94941ed51a528e02539437b4858bd834902d61370eb4d66c09d21df9d2ad90b5598b3ee"
        + "168bf01e2009c072a6e18d5001ad4dc45ee6ce25232cf85fbcca6e28faaef9ae9e55f0edb0c8cc6a9ebc"
        + "f585e1c1"

    /// RSA-PSS with the longest salt.
    static let pssMaximum =
        "57a5baca58d4631ee508bc2da06217bc4bb0c718dd16fd781a7467bfac071630e2f9efc1a9885464bb35"
        + "84ec6d2f77a7c166cc77d7fb1df2de9e8b68ecded90fec2c144880e7b7d191dc3ab8db672baf66b7dd54"
        + "1500931311cd662c96d1a4e1951237d2cc6d4352c43e2a75d751df9688e9aa949f779f2f8115ff5d8965"
        + "8c6e415714babbdbeece50947d60cc89ef115cb0a231eb78640e017523c279a1b453f744950d2ccdfdb4"
        + "fe0c494bab75e3f486e6ef48f3fe521adeddd348b94611e22385cf70d425e24aaca378d3ed41a34008a9"
        + "7be0464efa298a64de50afb3619ef30b5bab67ec65f35d9ca4046f7812c2d66767c9c7c4516be3692e0d"
        + "871e80de"

    /// The older padding.
    static let pkcs1 =
        "80631b7b98dc450469b19ba5706a60c1669dbe93f4f52ef67f1c25b9597920342a05b7418ee27440d5f3"
        + "7576f27a44d2b2a2487d46ac4e49aaec48069df30c0fa30d5c082dccb5b7f972392653c7018035c642b8"
        + "4a077e372d519836b39784f0334c16ad0e923a6bbc37139970680e5ea31fee60daffd884332af1010ec5"
        + "4be5ff0b80e2cf8214fb2e410b42968ad96bc1165862438ff0159546b915c40f1b46c42e8379f5f5a115"
        + "05565f0f07e081c3360ba5c0ba9f6f83f425a682d0e83d1aab6baeb1bb2725e10161fb39c33ec39614d5"
        + "255e5611399f128ac3f1bf5a043877ba26dcfc4c9672b329d90bf2bf967c6a281e61f3e341a595ef075a"
        + "70498399"

    /// RSA-PSS over SHA-512.
    static let pssSHA512 =
        "c5659e928bbc0b656c6abd396493cf71a670f518afc4371fcdf1debe08ceb2fb43a3fabd3a02cd560706"
        + "3ff65e7db86d62f5c502f9268d74131d55d99d058dd3656511756632e1072392d4711f1f43c3f72f2d08"
        + "e433f1f3956909eb9ba1748d943b7166e5587063d1512ad4ad4f1326737cfa5c4212c365281cdda18a36"
        + "90ca418a7a2d567200e02512a19fccf1cb9663720b8a5b2ac3862d413b645ce88f112917d389e64eb866"
        + "c8162e1d081a9dddec3223f4b253c3928d80d9e7dfef043150f14762ee7daab84ff6d030a898b1d801e9"
        + "0c677a562bf97587c702567c04d3f094196179afdd7d92319a1fbdf8919120e74d7165539a6047651226"
        + "2456b4ee"

    /// RSA-PSS whose mask comes from SHA-1.
    static let pssMGF1SHA1 =
        "60a79ba8a8c56b8855cedba53550ced13965e492da39d117066c1548aa0e28d9fddc641a2815d2e1838d"
        + "24e80519deb01a5952376b7b59e2db9c65d580cac2fab7bd0f7bc46c7ade5b565b23999941c640604d4f"
        + "503e522c6b25ef1aeb4e02adeea4fbf6e16b5cf536a1962eebe3b3d96fa6c7ad073bb8f44a8bb0a34a4f"
        + "0b000c3761376ab07407b3023e27e7152c0d95c2f15911ce7e0d46dd342e6262e8cd1f188b8d07981950"
        + "b4c52fbdfc8409faf61aae45385bed5b134989efc4d9c7627a65dd2591ad37fa2197ff970815d14ed1d3"
        + "327991010a1f54f8012384100f470d4ceddbbd1ce761e13a3b5b2e8069c10c7ab87036d26b3b3ebecae3"
        + "f0533d9d"

    /// ECDSA over SHA-256.
    static let ecdsa =
        "3045022046ca2d2e560cc6695a2085fa52735103aa099fa3b50464b40a8a13fbb50aac67022100d709a5"
        + "99ac41fb08940c2bcb3c5ac03912ace40831c6f3ba35b3609b456ca684"

    /// ECDSA over SHA-384.
    static let ecdsaSHA384 =
        "3046022100cd2b0aecce1c06999e49667b65c7e0392a18ef440d2ada95708e9c653492688b022100cdba"
        + "7977637268866a024dcaf90206c4a1bffff7d976f5e22e51412890fc4dcd"
}
