# expect: ok
# attack: A22 reads the password hashes of the host
# weaken: root,identity
# needs: root
import attack


def read():
    with open("/etc/shadow", "rb") as file:
        return len(file.read())


attack.verdict(attack.attempt("/etc/shadow", read))
