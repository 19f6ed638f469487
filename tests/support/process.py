"""Child processes that cannot outlive the tests."""
import ctypes
import signal
import subprocess

_prctl = ctypes.CDLL(None, use_errno=True).prctl
_PR_SET_PDEATHSIG = 1


def spawn(argv, *, die_with=signal.SIGTERM, **options):
    """Popen whose child gets `die_with` when this process dies, however it dies."""
    return subprocess.Popen(argv, preexec_fn=lambda: _prctl(_PR_SET_PDEATHSIG, int(die_with)), **options)


def end(process, sig, timeout):
    """Signals one process, by its id, and waits; kills it when it does not end. Returns its exit code."""
    if process.poll() is None:
        process.send_signal(sig)
    try:
        return process.wait(timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None
