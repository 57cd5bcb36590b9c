# expect: ok
# attack: A17 looks for a mount on which set-id programs would change who they are
# weaken: nosuid
# docker: otherwise: the engine mounts the image without nosuid; no_new_privileges stands alone
# runsc: absent: gVisor does not say of its mounts that set-id programs change nobody there; set_id_program tries it
import os
import stat

import attack

mounts = [line.split() for line in open("/proc/self/mountinfo")]
attack.precondition(len(mounts) >= 5, "the list of mounts is not readable")
open_mounts = [words[4] for words in mounts if "nosuid" not in words[5].split(",")]
# Runtimes take devices from the host one by one where they may make none: no program is in them.
open_mounts = [place for place in open_mounts if attack.runtime() == "native" or not os.path.realpath(place).startswith("/dev/")
               or not stat.S_ISCHR(os.stat(place).st_mode)]
attack.escaped_if(open_mounts, " ".join(open_mounts))
