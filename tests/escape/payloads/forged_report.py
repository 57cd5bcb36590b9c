# expect: nonzero_exit
# attack: D26 writes rubbish, and lies about a limit, where Python reports exceptions; no layer sees that
# weaken: none
# exit: 7
import os

for directory, _, names in os.walk("/run/pysandbox"):
    for name in names:
        try:
            fd = os.open(os.path.join(directory, name), os.O_WRONLY)
            os.write(fd, b"\xff\xfe exception 12\0MemoryError\0-1\0" + b"\x80\0" * 60000)
            os.close(fd)
        except OSError as error:
            print(error)
os._exit(7)
