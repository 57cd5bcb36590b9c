# expect: ok
# attack: A27 starts a sandbox of its own with the tools that the host has
# weaken: seccomp,user_namespaces,landlock
# docker: otherwise: the image has none of these tools
import os
import subprocess

import attack

attack.precondition(os.access("/usr/bin/unshare", os.X_OK), "this host has no unshare")
done = subprocess.run(["/usr/bin/unshare", "--map-root-user", "/usr/bin/id", "-u"], capture_output=True, text=True)
attack.escaped_if(done.returncode == 0, f"{done.stdout}{done.stderr}".strip())
