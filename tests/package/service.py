# SPDX-License-Identifier: Apache-2.0
"""What systemd would do with the installed unit, as far as it can be done without systemd: its command lines, its environment, its user
without rights, and the datagram socket at which the program tells how it does."""

import os
import re
import shlex
import signal
import socket
import subprocess
import threading
import time

UNIT = "/lib/systemd/system/tickcast@.service"
PATIENCE_S = 60


def until(what, probe):
    """The first truthy value of probe()."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        value = probe()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {PATIENCE_S} s: {what}")


def settings(key):
    """The values of a key of the unit, in their order."""
    with open(UNIT) as unit:
        return re.findall(rf"^{key}=(.*)$", unit.read(), re.MULTILINE)


class Service:
    """One role, started as tickcast@ROLE.service says. `calls`: where its system calls are written."""

    def __init__(self, role, calls, watchdog_s=2):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.socket.settimeout(PATIENCE_S)
        self.address = f"/run/notify-{role}"
        self.socket.bind(self.address)
        os.chmod(self.address, 0o777)  # as systemd's: whoever was told of it may write there
        command = shlex.split(settings("ExecStart")[-1].replace("%i", role))
        environment = {
            "PATH": "/usr/bin:/bin",
            "NOTIFY_SOCKET": self.address,
            "WATCHDOG_USEC": str(watchdog_s * 1_000_000),
        }
        without_rights = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs", "--bounding-set=-all"]
        self.process = subprocess.Popen(
            ["strace", "-f", "-qq", "-o", calls] + without_rights + command,
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.output = ""
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.output += line

    def pid(self):
        """The program's, of which strace is the parent."""
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as children:
            return int(children.read().split()[0])

    def message(self):
        """The next message, as a dictionary. From the main process: others are not believed (NotifyAccess=main)."""
        data, control, _, _ = self.socket.recvmsg(4096, 1024)
        sender = int.from_bytes(control[0][2][:4], "little")
        assert sender == self.pid(), f"process {sender} speaks for {self.pid()}"
        return dict(line.split("=", 1) for line in data.decode().splitlines())

    def message_with(self, key):
        while True:
            message = self.message()
            if key in message:
                return message

    def reload(self):
        command = settings("ExecReload")[-1].replace("$MAINPID", str(self.pid()))
        subprocess.run(shlex.split(command), check=True)

    def stop(self):
        """Its exit status."""
        os.kill(self.pid(), signal.SIGTERM)
        return self.wait()

    def wait(self):
        status = self.process.wait(PATIENCE_S)
        self.reader.join()
        self.socket.close()
        os.unlink(self.address)
        return status


def syscalls(group):
    """The names of a group of systemd's, its groups spelt out."""
    listed = subprocess.run(["systemd-analyze", "syscall-filter", group], check=True, capture_output=True, text=True).stdout
    names = set()
    for word in re.findall(r"^ +(@?[\w-]+)$", listed, re.MULTILINE):
        names |= syscalls(word) if word.startswith("@") else {word}
    return names


def allowed_syscalls():
    allowed = set()
    for value in settings("SystemCallFilter"):
        for group in value.lstrip("~").split():
            allowed = allowed - syscalls(group) if value.startswith("~") else allowed | syscalls(group)
    return allowed
