# expect: ok
# attack: A17 looks for a mount on which set-id programs would change who they are
# weaken: nosuid
# on docker: the engine mounts the image without nosuid; no_new_privileges stands alone
import attack

mounts = [line.split() for line in open("/proc/self/mountinfo")]
attack.precondition(len(mounts) >= 5, "the list of mounts is not readable")
open_mounts = [words[4] for words in mounts if "nosuid" not in words[5].split(",")]
attack.escaped_if(open_mounts, " ".join(open_mounts))
