# expect: ok
# attack: B22 watches files with inotify and fanotify
# weaken: seccomp
import attack

FAN_REPORT_FID = 0x200
attack.verdict(
    attack.expect_denied("inotify_init1", 0),
    attack.expect_denied(253, what="inotify_init"),
    attack.expect_denied("fanotify_init", FAN_REPORT_FID, 0),
)
