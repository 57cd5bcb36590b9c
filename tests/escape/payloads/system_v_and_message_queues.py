# expect: ok
# attack: B24 makes System V objects and a POSIX message queue
# weaken: seccomp
import attack

IPC_PRIVATE, IPC_CREAT = 0, 0o1000
attack.verdict(
    attack.expect_denied("shmget", IPC_PRIVATE, 4096, IPC_CREAT | 0o600),
    attack.expect_denied("semget", IPC_PRIVATE, 1, IPC_CREAT | 0o600),
    attack.expect_denied("msgget", IPC_PRIVATE, IPC_CREAT | 0o600),
    attack.expect_denied("mq_open", b"queue", 0o102, 0o600, None),
)
