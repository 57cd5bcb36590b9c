# expect: ok
# attack: B3 stops the kernel at a chosen page fault
# weaken: seccomp
import attack

UFFD_USER_MODE_ONLY = 1
attack.verdict(attack.expect_denied("userfaultfd", UFFD_USER_MODE_ONLY))
