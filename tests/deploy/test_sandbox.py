"""docker/ciclo.service and the image: what systemd says of the sandbox, and the service at work in as much of it as can be had here.

bubblewrap makes the file system and the namespaces, libseccomp the list of system calls: both out of the unit's own lines, so
that what is tried is what is shipped. What needs systemd itself (DynamicUser, LoadCredential, the IP and device lists) is stood
in for: another uid, a file, nothing.
"""
import ctypes
import errno
import json
import os
import re
import shutil
import signal
import socket
import subprocess

import pytest
import yaml

from support.client import Client
from support.server import BINARY, REPOSITORY, SANDBOXED, Server, wait_until

UNIT = os.path.join(REPOSITORY, "docker", "ciclo.service")
EXPOSURE = 2.0
SOMEBODY = 61184  # the first uid of systemd's DynamicUser
SCMP_ACT_KILL_PROCESS, SCMP_ACT_ALLOW, SCMP_ACT_ERRNO = 0x80000000, 0x7FFF0000, 0x00050000
SCMP_CMP_MASKED_EQ = 7
PROT_WRITE_EXEC, PROT_EXEC = 6, 4


def _needs(program):
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not here; make deps-test installs it")


def _lines(name):
    with open(UNIT, encoding="utf-8") as file:
        return [line.split("=", 1)[1].strip() for line in file if line.startswith(f"{name}=")]


def test_systemd_finds_little_to_object_to():
    _needs("systemd-analyze")
    said = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE * 10:.0f}", UNIT], capture_output=True, text=True,
                          timeout=60, check=False)
    level = re.search(r"Overall exposure level for ciclo.service: ([0-9.]+)", said.stdout)
    assert said.returncode == 0 and level and float(level[1]) <= EXPOSURE, said.stdout[-2000:] + said.stderr


def test_the_unit_is_one_that_systemd_reads(tmp_path):
    _needs("systemd-analyze")
    copy = tmp_path / "ciclo.service"
    with open(UNIT, encoding="utf-8") as file:
        copy.write_text(file.read().replace("/usr/local/bin/ciclo", BINARY))
    said = subprocess.run(["systemd-analyze", "verify", "--man=no", str(copy)], capture_output=True, text=True, timeout=60, check=False)
    ours = [line for line in (said.stdout + said.stderr).splitlines() if "ciclo.service" in line]
    assert not ours, ours


# ---- the sandbox -------------------------------------------------------------------------------------


def _expand(name, found):
    """Names of system calls of a set of systemd's (@...), with those of the sets in it."""
    said = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", name], capture_output=True, text=True, timeout=60, check=True).stdout
    for line in said.splitlines()[1:]:
        word = line.strip()
        if word.startswith("@"):
            _expand(word, found)
        elif word and not word.startswith("#"):
            found.add(word)
    return found


def _allowed_calls():
    allowed = _expand("@default", set())  # always, whatever the lists say
    for line in _lines("SystemCallFilter"):
        for name in line.lstrip("~").split():
            calls = _expand(name, set()) if name.startswith("@") else {name}
            allowed = allowed - calls if line.startswith("~") else allowed | calls
    return allowed | _expand("@default", set())


class _Compare(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


def _seccomp_program(path):
    """Writes the BPF of SystemCallFilter and MemoryDenyWriteExecute."""
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(SCMP_ACT_KILL_PROCESS)))

    def rule(action, call, *compares):
        number = library.seccomp_syscall_resolve_name(call.encode())
        if number < 0:
            return  # not on this machine
        array = (_Compare * len(compares))(*compares)
        done = library.seccomp_rule_add_array(context, ctypes.c_uint32(action), number, len(compares), array)
        assert done in (0, -errno.EEXIST, -errno.EACCES), (call, done)
    for call in sorted(_allowed_calls() - {"mmap", "mprotect"}):
        rule(SCMP_ACT_ALLOW, call)
    for prot in range(8):
        rule(SCMP_ACT_ERRNO | errno.EPERM if prot & PROT_WRITE_EXEC == PROT_WRITE_EXEC else SCMP_ACT_ALLOW, "mmap", _Compare(2, SCMP_CMP_MASKED_EQ, 7, prot))
        rule(SCMP_ACT_ERRNO | errno.EPERM if prot & PROT_EXEC else SCMP_ACT_ALLOW, "mprotect", _Compare(2, SCMP_CMP_MASKED_EQ, 7, prot))
    with open(path, "wb") as file:
        assert library.seccomp_export_bpf(context, file.fileno()) == 0
    library.seccomp_release(context)


# --info-fd 3: it says there which process the service is, for signals.
BWRAP = ["bwrap", "--unshare-user", "--uid", str(SOMEBODY), "--gid", str(SOMEBODY), "--unshare-ipc", "--unshare-uts", "--unshare-cgroup",
         "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--tmpfs", "/home", "--tmpfs", "/root", "--tmpfs", "/run", "--cap-drop", "ALL",
         "--new-session", "--die-with-parent"]


@pytest.fixture(scope="module")
def seccomp(tmp_path_factory):
    """The file with the list of system calls; a skip where there can be no sandbox."""
    _needs("bwrap")
    _needs("systemd-analyze")
    if subprocess.run([*BWRAP, "true"], capture_output=True, timeout=60, check=False).returncode != 0:
        pytest.skip("bubblewrap cannot make namespaces here")
    path = str(tmp_path_factory.mktemp("sandbox") / "filter")
    _seccomp_program(path)
    return path


class Box:
    """A service in the sandbox, on the database of a shop, with its secret in a file and a manager that it tells of itself."""

    def __init__(self, shop, seccomp, place):
        secret, manager = os.path.join(place, "database_url"), os.path.join(place, "notify")
        with open(secret, "w", encoding="utf-8") as file:
            file.write(shop.url + "\n")
        os.chmod(secret, 0o444)
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.bind(manager)
        self.manager.settimeout(60)
        os.chmod(manager, 0o777)
        info, told = os.pipe()
        with open(seccomp, "rb") as rules:
            launcher = [*BWRAP, "--ro-bind", shop.cluster.directory, shop.cluster.directory, "--ro-bind", secret, "/run/database_url", "--ro-bind", manager, "/run/notify",
                        "--ro-bind", BINARY, "/run/ciclo", "--seccomp", str(rules.fileno()), "--info-fd", str(told)]
            self.server = Server(None, launcher=launcher, program="/run/ciclo", pass_fds=(rules.fileno(), told), CICLO_DATABASE_URL_FILE="/run/database_url",
                                 NOTIFY_SOCKET="/run/notify", CICLO_WORKERS=2, **SANDBOXED)
        os.close(told)
        with os.fdopen(info) as file:
            self.pid = json.load(file)["child-pid"]

    def status(self, name):
        with open(f"/proc/{self.pid}/status", encoding="utf-8") as file:
            return re.search(rf"^{name}:\s*(.*)$", file.read(), re.MULTILINE)[1]

    def close(self):
        os.kill(self.pid, signal.SIGTERM)
        code = self.server.wait(60)
        self.server.kill()
        self.manager.close()
        return code


def test_the_service_works_in_the_sandbox(new_shop, seccomp, tmp_path):
    shop = new_shop()
    box = Box(shop, seccomp, str(tmp_path))
    try:
        assert box.manager.recv(100) == b"READY=1"
        box.server.wait_ready()
        # It is in there: no capabilities, no new privileges, a filter, and the environment does not have the secret.
        assert [int(box.status(name), 16) for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")] == [0, 0, 0, 0]
        assert (box.status("NoNewPrivs"), box.status("Seccomp")) == ("1", "2")
        with open(f"/proc/{box.pid}/environ", "rb") as environ, open(f"/proc/{box.pid}/cmdline", "rb") as cmdline:
            assert shop.cluster.directory.encode() not in environ.read() + cmdline.read()
        # Not dumpable: what /proc tells of it belongs to root.
        assert os.stat(f"/proc/{box.pid}/environ").st_uid == 0
        client = Client(box.server.port, shop.contract)
        order = {"customer": {"external_id": "c", "email": "c@example.com"}, "currency": "EUR", "total": 5, "ordered_at": "2026-01-01T00:00:00Z"}
        client.post("/v1/orders", {**order, "external_id": "1"})
        lines = "\n".join(json.dumps({**order, "external_id": f"b{number}"}) for number in range(2000)).encode()
        assert client.post("/v1/orders/batch", lines, 200, media_type="application/x-ndjson").json["created"] == 2000
        assert client.get("/v1/kpis/orders", query={"from": "2026-01-01", "to": "2026-01-02"}).json["value"] == 2001
        client.get("/v1/dashboard")
        client.get("/openapi.json")
        client.get("/v1/customers/external:c/export")
        # The database goes and comes back: connecting anew is within the list as well.
        shop.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
        wait_until(lambda: Client(box.server.port, shop.contract).send("GET", "/v1/orders").status == 200, 60, box.server.text)
    finally:
        code = box.close() if box.server.alive() else box.server.wait(1)
    assert code == 0, box.server.text()[-3000:]


def test_the_sandbox_holds(seccomp, tmp_path):
    """A filter that lets everything pass would prove nothing."""
    def run(*command_line):
        with open(seccomp, "rb") as rules:
            return subprocess.run([*BWRAP, "--seccomp", str(rules.fileno()), *command_line], capture_output=True, text=True, timeout=60, check=False,
                                  pass_fds=(rules.fileno(),), stdin=subprocess.DEVNULL)
    assert run("/bin/true").returncode == 0
    assert "Read-only file system" in run("/usr/bin/touch", "/etc/ciclo").stderr
    assert "Read-only file system" in run("/usr/bin/touch", "/var/tmp/ciclo").stderr
    for killed in (("/usr/bin/nice", "-n", "5", "true"), ("/usr/sbin/chroot", "/", "true"), ("/usr/bin/mount", "-t", "tmpfs", "none", "/tmp")):
        assert run(*killed).returncode in (128 + signal.SIGSYS, -signal.SIGSYS), killed
    executable = run("/usr/bin/python3", "-c", "import mmap; mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)")
    assert "PermissionError" in executable.stderr


# ---- the image ---------------------------------------------------------------------------------------


def test_the_image_is_nobody_s_and_read_only():
    with open(os.path.join(REPOSITORY, "docker", "Dockerfile"), encoding="utf-8") as file:
        final = file.read().rsplit("\nFROM ", 1)[1]
    user = re.findall(r"^USER (\S+)$", final, re.MULTILINE)
    # A number, so that a cluster can tell that it is not root without looking into the image.
    assert len(user) == 1 and re.fullmatch(r"[1-9]\d{3,}(:[1-9]\d{3,})?", user[0])
    assert final.index("\nUSER ") < final.index("\nENTRYPOINT ")
    with open(os.path.join(REPOSITORY, "docker", "compose.yaml"), encoding="utf-8") as file:
        services = yaml.safe_load(file)["services"]
    for name in ("ciclo", "prepare"):
        service = services[name]
        assert service["read_only"] is True and service["cap_drop"] == ["ALL"] and service["security_opt"] == ["no-new-privileges:true"], name
        assert service["pids_limit"] and service["mem_limit"] and "privileged" not in service, name
    assert "ciclo_app" in services["ciclo"]["environment"]["CICLO_DATABASE_URL"]
