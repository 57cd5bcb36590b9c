# expect: ok
# attack: A18 asks whether execve could still give it new privileges
# weaken: no_new_privs,seccomp,landlock
import attack

PR_GET_NO_NEW_PRIVS = 39
result, error = attack.syscall("prctl", PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
attack.precondition(error == 0, f"prctl fails with errno {error}")
attack.escaped_if(result == 0, f"no_new_privs is {result}")
