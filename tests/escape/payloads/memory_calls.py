# expect: ok
# attack: B32 locks, hides and tags memory with calls that Python never needs
# weaken: seccomp
import attack

attack.verdict(
    attack.expect_denied("munlock", None, 4096),
    attack.expect_denied("munlockall"),
    attack.expect_denied("remap_file_pages", None, 0, 1, 0, 0),
    attack.expect_denied("pkey_alloc", 99, 99),
    attack.expect_denied("futex_waitv", None, 0, 99, None, 0),
    attack.expect_denied("mlock", None, 4096, optional=True),
    attack.expect_denied("memfd_secret", 0, optional=True),
    attack.expect_denied(28, None, 0, 100, what="madvise(MADV_HWPOISON)", optional=True),
)
