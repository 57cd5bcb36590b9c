# expect: ok
# attack: A11 mounts with the newer calls: fsopen, fsmount, open_tree, move_mount, mount_setattr
# weaken: seccomp,capabilities,landlock
import os

import attack

FSCONFIG_CMD_CREATE, OPEN_TREE_CLONE, MOVE_MOUNT_F_EMPTY_PATH, AT_FDCWD = 6, 1, 4, -100
os.makedirs("/tmp/target", exist_ok=True)

context = attack.expect_denied("fsopen", b"tmpfs", 0)
create = attack.expect_denied("fsconfig", int(context.detail) if context.detail.isdigit() else -1,
                              FSCONFIG_CMD_CREATE, None, None, 0)
made, error = attack.syscall("fsmount", int(context.detail) if context.detail.isdigit() else -1, 0, 0)
moved, move_error = attack.syscall("move_mount", made, b"", AT_FDCWD, b"/tmp/target", MOVE_MOUNT_F_EMPTY_PATH)
attack.verdict(
    context,
    create,
    attack.Try("fsmount", made >= 0, str(error), False),
    attack.Try("move_mount", moved == 0, str(move_error), False),
    attack.expect_denied("open_tree", AT_FDCWD, b"/usr", OPEN_TREE_CLONE),
    attack.expect_denied("mount_setattr", AT_FDCWD, b"/nowhere", 0, None, 0),
    attack.expect_denied("fspick", AT_FDCWD, b"/nowhere", 0),
)
