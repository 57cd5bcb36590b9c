# expect: ok
# attack: B8 searches the kernel's keyrings, which no namespace separates
# weaken: seccomp
import attack

GET_KEYRING_ID, SEARCH, PROCESS_KEYRING, SESSION_KEYRING, USER_KEYRING = 0, 10, -2, -3, -4
attack.verdict(
    attack.expect_denied("keyctl", GET_KEYRING_ID, SESSION_KEYRING, 0),
    attack.expect_denied("keyctl", SEARCH, USER_KEYRING, b"user", b"password", 0),
    attack.expect_denied("add_key", b"user", b"planted", b"x", 1, PROCESS_KEYRING),
    attack.expect_denied("request_key", b"user", b"password", None, 0),
)
