//! Key pairs of the identity provider of the tests. They were drawn for these tests and protect nothing.

use super::KeyPair;

/// RSA, 2048 bits.
pub const RSA_1: KeyPair = KeyPair {
    id: "rsa-1",
    algorithm: "RS256",
    private: "\
        MIIEpAIBAAKCAQEAy/dA8yhqpamdudL25VW95FJhdJy/x/H1e6b9dHKyZqcQMOByRpzLL4w8+zgDN7Km2AT2M9bKP8XDPh2LakGmSVwdazM0\
        DgoP59/yS0Oqq3dV5Lul6BEbkl4pAL1k1Jhw/02azs+VeudxZzJnp/vvidn1MGixH/glh8mzkWQt/vFZurf73Ueplt5ih4KoZLWtt+igPLoB\
        EB0nnIwAm79v17zi1gscAVEvb439nuy0AeTl3xyz7/KIHrgJh4zErbMOsF1RsjZCWmEdzwu2kuJfuY2yhKkvb1XjRcSUPNAF8admi5soVzS0\
        2Tu1vNksiHlH3RVu31jEp9jKmyTse1umkwIDAQABAoIBADLMnYoSJmGlOYnXD7P1o2pS1D/pbGB9lEDcSeLvUBx9/mvV8tBAa+CnQmblP/Pm\
        1GQX9EPb+ppghGybiiYIPMSnoxIYeh4HBogfQCbbrw2ulp911u/SFvZg6kBra0oBv57ucqCQle+65gUoSiXN+w5v0P/iCz9lm99Sbp1HAKeu\
        faMyI51bTCp89y0Eop+t1dpJ9NJ7NcV9PEu1DP361AFbHfYmdk/j9F1emyBON4/qsPGKzNDip+6YGqCsdLKrcwoUw9dVWirowqXJfCE13xw/\
        nWL0kneP7ohfSeq9Kk1p4B6Uxd56PMrNlYZSUUD7e0jrSTXuWgkOcsJjgvMA3ikCgYEA9fNkcmxUdnfKETqi3bQ9iMM3A67vsFXu2iq8NUQt\
        0Smk4fXejwWUpdtBL3S28FcFn8uhxrPlJQ1LHnCFpiOGMvkwE7uF2goFgU/8H0LpGhuo/PP9jrYyGRMI74sBhLkWcPFZELHFbFM3JX2JtBqP\
        B8Rv2vPR9/SUKjYPlyalb1sCgYEA1Ey0mXherlBRGw7Q6dMhna40pAU28hp0ygnEbZ9jWkehDU0LeVl1iFPM8VBXCCookxKJC15EYKQXtlM2\
        nrLTVNl09zJK6MbBrFgZn0jabLD2IcRdd+1madbsIiI8NnptiW58de8JlbgJH1ErQ1WyCQIbotkAwAVzqlVJEbGoQykCgYAnukrtWKZEBJF1\
        Ov13xldyMeY/CBDbcOYGA4UnLX4hHRLvFOIARCyApevfmIC8TbIw35mgGQrYc09A+Xf9IBvbO/kSFuZGE/xTqPHWst4oQ3OGeHrqhG+PMU3u\
        M4vpPmRrlfCHC9AR8VclDSQjHW8hGA/hVCUEYlNUhir6hVmPpQKBgQCk+baeTFvHOcLNNAZErj1BO07M5wB7wvNezZhHV8TtMxyEKYrxEgOz\
        nOt12ujG/3voTk8Q9oBMWTfUB3Y6fNyc4x9xuTNdEJcQRqYikYqrTBj4xI+d0m3zcYCuRcxkyV61nZY6TzczkYAFRh5IhR+EwI6ZTei3T4VC\
        qGPPzC7lgQKBgQDznOMeH37TXcMFlG452sLUesuDeUUUwxXbu6HGvysDDkXz5F/P6M9irtkhYWNM2PyN4bJ53/cOntv2jByQIU0xPb6qeYb0\
        l8OrWC3sSij3BiSmLFjXQKsjBMZU19ez6EuhigOk6PJsjvtdvpvP4RtaErJ487JIY4zMvatSJ20bVw==",
    public: "\
        {\"kty\":\"RSA\",\"n\":\"y_dA8yhqpamdudL25VW95FJhdJy_x_H1e6b9dHKyZqcQMOByRpzLL4w8-\
        zgDN7Km2AT2M9bKP8XDPh2LakGmSVwdazM0DgoP59_yS0Oqq3dV5Lul6BEbkl4pAL1k1Jhw_02azs-\
        VeudxZzJnp_vvidn1MGixH_glh8mzkWQt_vFZurf73Ueplt5ih4KoZLWtt-igPLoBEB0nnIwAm79v17zi1gscAVEvb439nuy0AeT\
        l3xyz7_KIHrgJh4zErbMOsF1RsjZCWmEdzwu2kuJfuY2yhKkvb1XjRcSUPNAF8admi5soVzS02Tu1vNksiHlH3RVu31jEp9jKmyT\
        se1umkw\",\"e\":\"AQAB\"}",
};

/// Another one, for rotations.
pub const RSA_2: KeyPair = KeyPair {
    id: "rsa-2",
    algorithm: "RS256",
    private: "\
        MIIEpAIBAAKCAQEAuSae8fr0soJ14GA9ISbuQdO4S2THNHEggNCUcxeZExjVnHYv4gK2SR+0x3bD8PwwG7MzJ5lpZUr4VISrHhGxMbbxk72h\
        daQBAhWaLAaLOpiNVk6ShxCsTAkiwHhp3a8l6wRhnS4XfzZe//hc+Xvs2tnWth6adlCcWR5+Ll7l880mXLHKyfl2QwO6P7FhpSmUQKMI/y1v\
        83Rpf1jx/75DL0LZCYZcF7a6QwqGXuB1l+Fl4rQpu/kIQBFa5TkeNSDYtfjUXweXZDGm2A+sygkXm7vnLLjjlYNcyOSRYy9ww6J2e9EwXwBl\
        F2iO13b42ygnPhQjCIxRj3/nCdyOqa7f9wIDAQABAoIBAAzaEPAtofzRttpXY9B5/tGdhbsTm9fYi5yIneoe3VAovT8dXXW1oXvFUlho6b3z\
        C2kI0QhMV+pt80hBzNm+YAtzriSGsuWGRLZyOgYY6C/Hjtv96G7gQ4CkC7NkSFjydoVwA7fHQl56r2QOLdbFeUUefnU1/gIwPNun+0zY50mI\
        Bl4y1WSzFru6lza+cZSHjOrETqURj4PuwVCSDnS3T/MOzmlVPa8n0E4+1UkPlEuR4prmiSRFsvLGz0V7VXt8/MZ2qEjqMroXzKotfwRrGm10\
        hXzPuvYREzE1VCSzu+DZCqZu1swQ4PQaU596kQW6QBOCmJJXuApycOdQjFMJqfkCgYEA+QLrFU2YkM190UsQupE7hk5Kljz5cviBgQCUaFGh\
        WRrbVvsz9qBxJZMoxj+DgyoBD5AYAH7mY2M48x/yA4E08uaLD1WuPg+tccoB9FyWg93SeThXmPbgBjQRg8eDF5c3bexyNPF+fROiYLRbG6Tp\
        QMOLgGzh/216D0FzRmc9NXkCgYEAvljhoCrFCo3x7Vwlxm4aX7reTZLTMNIwzV/4WT2CO8xRlzf9ji5UFFOMqrGBWRmVUv9mUg9WAPxq+1c3\
        DoYQldiwlnWZrhYShexUjFosGfzlxOzx9AS5Z+jJDNovRG0N5g3A9Ho/2vuGfhS23hcSKs3fbF5AyhzizaZ2ngGglO8CgYEAuz7viYBlBhYP\
        007wEGrfaNn8ikbliQfHUjseXedsPbXNU/XnmEADdS7YjWL7QKlYTNycv9qs4fWdwGy4Ltx89V5ZGTnjoXVmhldR6u+omxY1i8PLUxHpWaDT\
        vtVLBXVHUBhptNgXtnQKOU/F5t62K2Yfw32c39bx3wDnbvx48XkCgYBmAlgYcBNdDqkinYmZCBSWTR0p0Y/g0CRbTB1aJf6PcXYgZl86PVXN\
        9uCh8bLyPyWpbzo0rAdZS+1BeYIGBI8K3y/z0l5jz2xp3TeKaCDOZJv2p00bixSZvUVR3/QI5bDXI3PPEVz7TGTNWOiPqSmRSvd7qh9qsYRS\
        1e0nzJN0fQKBgQD1NTPey1Vef+vGDCAx3ufrnqLQyfEUJ7cz7eUsyHqrWrskB/duWgNH1ExG7Bk0qz692+/Lg1G3W5R0QiSY4ipejv3R3uod\
        LKphP/kgZSjo98tjUKFYrvF//SPK4APXfE/UAokgLioz4vOd7x1ahNnFtJGgtSr4NsuqZeeA2a0Ksg==",
    public: "\
        {\"kty\":\"RSA\",\"n\":\"uSae8fr0soJ14GA9ISbuQdO4S2THNHEggNCUcxeZExjVnHYv4gK2SR-\
        0x3bD8PwwG7MzJ5lpZUr4VISrHhGxMbbxk72hdaQBAhWaLAaLOpiNVk6ShxCsTAkiwHhp3a8l6wRhnS4XfzZe__hc-Xvs2tnWth6\
        adlCcWR5-Ll7l880mXLHKyfl2QwO6P7FhpSmUQKMI_y1v83Rpf1jx_75DL0LZCYZcF7a6QwqGXuB1l-\
        Fl4rQpu_kIQBFa5TkeNSDYtfjUXweXZDGm2A-\
        sygkXm7vnLLjjlYNcyOSRYy9ww6J2e9EwXwBlF2iO13b42ygnPhQjCIxRj3_nCdyOqa7f9w\",\"e\":\"AQAB\"}",
};

/// RSA with too few bits, 1024.
pub const RSA_WEAK: KeyPair = KeyPair {
    id: "rsa-weak",
    algorithm: "RS256",
    private: "\
        MIICXQIBAAKBgQCuUd9hRizRVQmiGHxAU4frT/m1cHzyUScbiJcAtDlBYnLPfzdaomuUGgevCxuL24lpMxRRZxj0zEig5rjI60R7qIuiJkiR\
        9n1ssJ1ktn7a6Ai7NfnG0qA2cA1giFOYt8jgQgMfXWVks82hOM5VCf+W4rzs21Aifmr7+//HSGxgxwIDAQABAoGBAJ/1jQ+L/5BPgjl2Un4M\
        qIqrpq5x/JW3FjXTzwzcVDXFiykQydCnfiQ3Bpn/jVV3LM6WCqzv+ByaYIMVdLcZ/IogsTU/yVcmpgQRZUcodZqqtiI5cp1Oy4rIkR5q6bCQ\
        V9xPWXNLXc35z3FatUR8l9yyHrHjIlAX3I4u27TB3KqBAkEA2XqoquvN1cuX2LFoniWaCJcqrPcvyxDWxXZccC5D/5GJRIwC9AJ0hv3D/whP\
        s2bmUdYHaRZmi3Md3th50A0RJwJBAM0yNDbKRBkUEYyLOT3zXVMOlGkl6QlYJZOaatRiaStjbgO/27ZSERUT/qiV+y6UkEYAI7dsqIDA5Obe\
        zRfat2ECQCxwtCa5KMaXY+AT4JzwchlvSnktycZlGn4fQaRqz9pZkwM+2RujpMww7uwedqriTA5M/harTSkRzPjMo5ewE+ECQGA9lcPE5l+k\
        y/5RJk3qIPFduzn97+jUEPvDxytJ5O3WurjDebdvkleCg0Rq496bC3fphNb4/ac10aZ/BU6U5MECQQDAVIBdEpEzJriL2z8hZ1AzFQC4WcDv\
        DzIqI39FfE5GlgTNBg29Il09iAWhi3AC0IDy9kkuB8ugF7YwKGPCV2Bc",
    public: "\
        {\"kty\":\"RSA\",\"n\":\"rlHfYUYs0VUJohh8QFOH60_5tXB88lEnG4iXALQ5QWJyz383WqJrlBoHrwsbi9uJaTMUUWcY9MxIoOa4yO\
        tEe6iLoiZIkfZ9bLCdZLZ-2ugIuzX5xtKgNnANYIhTmLfI4EIDH11lZLPNoTjOVQn_luK87NtQIn5q-\
        _v_x0hsYMc\",\"e\":\"AQAB\"}",
};

/// On the curve P-256.
pub const P256: KeyPair = KeyPair {
    id: "p256",
    algorithm: "ES256",
    private: "\
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgpTjz+VTR4TJyLdSMPX/9UvnaZhHx5I1Xn9uDjBkPBsahRANCAASnx/2kc1E2\
        yFq/qtwZCGfjbHLRkfmORz8gxwWpB55gmkYBZRFxceCOwVbfeNwJUYwTD6ZfDBe7Z1+wBLBM9SY/",
    public: "\
        {\"kty\":\"EC\",\"crv\":\"P-\
        256\",\"x\":\"p8f9pHNRNshav6rcGQhn42xy0ZH5jkc_IMcFqQeeYJo\",\"y\":\"RgFlEXFx4I7BVt943AlRjBMPpl8MF7tnX7AEsEz1\
        Jj8\"}",
};

/// On the curve P-384.
pub const P384: KeyPair = KeyPair {
    id: "p384",
    algorithm: "ES384",
    private: "\
        MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDA+AasmzqjEom4xLWbUFBDqZsXTM+OVNwzf2aHVTa77vaC6jTPRMyzBCaX39E8B\
        85+hZANiAATIxlEHgofuVGW6pXLdY9O6rR+DuVU3q9a2xoixT5USRyOqHh0XBUoqzGEOZ2HtJ3jZa2jzAbv+tiHlDGpboQigG8AZWRbeCC4n\
        EU2LxnGrZ7G/N0kMYiDir4yYi9iocag=",
    public: "\
        {\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"yMZRB4KH7lRluqVy3WPTuq0fg7lVN6vWtsaIsU-\
        VEkcjqh4dFwVKKsxhDmdh7Sd4\",\"y\":\"2Wto8wG7_rYh5QxqW6EIoBvAGVkW3gguJxFNi8Zxq2exvzdJDGIg4q-MmIvYqHGo\"}",
};

/// On the curve Ed25519.
pub const ED25519: KeyPair = KeyPair {
    id: "ed25519",
    algorithm: "EdDSA",
    private: "MC4CAQAwBQYDK2VwBCIEIHpr6m2bemNhUDN3nXe7ge0HlZO/pzdWwtH149TlzwHB",
    public: r#"{"kty":"OKP","crv":"Ed25519","x":"II9iCM_yhe_523pNIflrKcXNxde9qdqgRnYWtPAexwI"}"#,
};
