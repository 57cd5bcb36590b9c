# expect: ok
# attack: E8 gives files names with line breaks, escape sequences, options and bytes that are no text
# weaken: harvest
# weak-expect: leak
# artifacts: \x09tab.txt \x0aline\x0abreak.txt \x1b[2J.txt \x20space.txt -rf CON nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn.txt a\x22;\x20filename*=..\x0d\x0aSet-Cookie:\x20x back\x5cslash.txt question\x3f sub/\xc3.txt ~root \xe2\x80\xaetxt.exe \xff\xfe.txt
import os

import attack

os.mkdir(b"sub")
NAMES = [b"-rf", b"\nline\nbreak.txt", b"\ttab.txt", b"\x1b[2J.txt", b" space.txt", b"sub/\xc3.txt", b"\xff\xfe.txt",
         b"CON", b"back\\slash.txt", b"~root", b"question?", b"\xe2\x80\xaetxt.exe", b"n" * 251 + b".txt",
         b'a"; filename*=..\r\nSet-Cookie: x']
for name in NAMES:
    with open(name, "wb") as file:
        file.write(b"content of " + name)
os.symlink(attack.host("file").encode(), b"\x1b]0;link\x07.txt")
