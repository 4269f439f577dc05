# SPDX-License-Identifier: Apache-2.0
"""The Debian package, from its installation to its purge, in this order; tools/package-test runs it where nothing is left behind:
installed_test.py PACKAGE UPPER, UPPER being where what was changed in this root shows up."""

import json
import os
import re
import subprocess
import sys
import unittest
import urllib.request
from fnmatch import fnmatchcase

from service import UNIT, Service, allowed_syscalls, settings, until

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CONFIG = "/etc/tickcast/tickcast.toml"
CALLS = "/run/calls"
package, upper = sys.argv[1:]


def output(*command, status=0, **options):
    """What a command prints; fails with it when the exit status is another."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, **options)
    assert done.returncode == status, f"{' '.join(command)}: exit status {done.returncode}\n{done.stdout}"
    return done.stdout


def changed():
    """Every file and folder that is other than before, but for dpkg's own records."""
    own = re.compile(r"^/(var/lib/dpkg|var/log|var/cache|tmp|run|mnt|root|home)(/|$)")
    paths = []
    for folder, folders, files in os.walk(upper):
        for name in files + folders:
            path = os.path.join(folder, name)[len(upper):]
            if not own.match(path) and not (name in folders and os.listdir(upper + path)):
                paths.append(path)
    return sorted(paths)


# Packages of whose headers no code is compiled in that asks for a notice: declarations, and what the compiler brings.
DECLARATIONS = re.compile(r"(libc6|linux-libc|libgcc-\d+|libstdc\+\+-\d+|libcurl4-\w+|libssl|zlib1g|librdkafka)-dev(:\w+)?: ")


def compiled_in():
    """The libraries' headers of which the program has code, as its build noted them."""
    build = SOURCE + "/build/release"
    objects = [name for name in output("ninja", "-C", build, "-t", "inputs", "tickcast").split() if name.endswith(".o")]
    headers = set(re.findall(r"^    (/usr/\S+)$", output("ninja", "-C", build, "-t", "deps", *objects), re.MULTILINE))
    owners = output("dpkg", "-S", *headers).splitlines()
    return sorted(headers - {line.split(" ", 1)[1] for line in owners if DECLARATIONS.match(line)})


class Package(unittest.TestCase):
    maxDiff = None

    def test_it_installs_where_its_dependencies_are_and_changes_its_own_files_alone(self):
        before = set(changed())
        output("dpkg", "-i", package)
        told = set(output("dpkg", "-L", "tickcast").split("\n"))
        # /lib may be a link to /usr/lib.
        real = {os.path.realpath(os.path.dirname(path)) + "/" + os.path.basename(path) for path in told if path}
        cached = {path for path in changed() if re.search(r"/(man|mandb)/|/ld\.so\.cache|~$", path)}
        self.assertEqual([path for path in set(changed()) - before - cached if path not in real], [])
        self.assertIn("tickcast 0.", output("tickcast", "version"))

    def test_the_configuration_file_is_kept_by_dpkg_and_has_every_default(self):
        self.assertIn(CONFIG, output("dpkg-query", "-W", "-f=${Conffiles}", "tickcast"))
        with open(CONFIG) as file:
            self.assertEqual(file.read(), output("tickcast", "config", "init"))
        self.assertIn("nothing wrong", output("tickcast", "config", "check", CONFIG))

    def test_the_copyright_file_names_every_library_of_whose_headers_it_has_code(self):
        headers = compiled_in()
        with open("/usr/share/doc/tickcast/copyright") as file:
            named = re.findall(r"^Files: (usr/.*)$", file.read(), re.MULTILINE)
        self.assertGreater(len(named), 1)
        self.assertEqual([header for header in headers if not any(fnmatchcase(header, "/" + files) for files in named)], [])
        self.assertEqual([files for files in named if not any(fnmatchcase(header, "/" + files) for header in headers)], [])

    def test_the_manual_page_is_shown_without_a_warning(self):
        page = "/usr/share/man/man1/tickcast.1.gz"
        environment = {**os.environ, "MANROFFSEQ": "", "MANWIDTH": "100", "LC_ALL": "C.UTF-8"}
        self.assertIn("tickcast emitter", output("man", "-l", page, env=environment))
        warnings = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page], capture_output=True, text=True, env=environment)
        self.assertEqual(warnings.stderr, "")

    def test_shells_complete_its_words(self):
        script = "source /usr/share/bash-completion/completions/tickcast; COMP_WORDS=(tickcast serve --tls); COMP_CWORD=2; _tickcast; echo ${COMPREPLY[*]}"
        self.assertEqual(output("bash", "--norc", "-euc", script), "--tls-certificate --tls-key\n")
        self.assertEqual(
            output("fish", "-c", "complete -C 'tickcast serve --tls' | string replace -r '\\t.*' ''", env={**os.environ, "HOME": "/run"}).split(),
            ["--tls-certificate", "--tls-key"])
        self.assertEqual(output("zsh", "-fc", ZSH), "--tls-certificate --tls-key\n")

    def test_systemd_finds_nothing_wrong_with_the_unit_and_little_exposed(self):
        self.assertEqual(output("systemd-analyze", "verify", UNIT), "")
        output("systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=15", UNIT)  # of 100

    def test_the_kernel_has_each_setting_and_takes_it(self):
        file = "/usr/share/doc/tickcast/examples/60-tickcast.conf"
        with open(file) as lines:
            names = re.findall(r"^(-?)(net\.\S+) =", lines.read(), re.MULTILINE)
        self.assertGreater(len(names), 1)
        for may_be_missing, name in names:
            self.assertTrue(may_be_missing or os.path.exists("/proc/sys/" + name.replace(".", "/")), name)
        output("sysctl", "-p", file)

    def test_a_role_starts_as_its_unit_says_and_serves_and_stops(self):
        with open(CONFIG, "w") as file:
            file.write('[serve]\nexchange-streams = "ws://127.0.0.1:9443"\ndrain = 0\n')
        service = Service("serve", CALLS)
        for _ in range(2):
            message = service.message()
            self.assertGreater(int(message["EXTEND_TIMEOUT_USEC"]), 2_000_000, "it waits for an exchange that is away")
            self.assertNotIn("READY", message)
            self.assertRegex(message["STATUS"], "^(connecting|down), 0 clients, no quote yet$")
        exchange = subprocess.Popen(["tickcast", "exchange", "--symbol-count", "20", "--rate", "200"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(exchange.kill)
        self.assertEqual(service.message_with("READY")["READY"], "1")
        output("tickcast", "healthcheck")
        with urllib.request.urlopen("http://127.0.0.1:8080/api/v3/ticker/bookTicker?symbol=BTCUSDT") as answer:
            self.assertGreater(float(json.load(answer)["askPrice"]), 0)
        for _ in range(2):
            message = service.message_with("WATCHDOG")
            self.assertRegex(message["STATUS"], r"^live, 0 clients, last quote \d+ ms ago$")

        service.reload()
        self.assertIn("MONOTONIC_USEC", service.message_with("RELOADING"))
        service.message_with("READY")
        until("the file was read again", lambda: "nothing changed" in service.output)

        stream = subprocess.Popen(["curl", "-sN", "http://127.0.0.1:8080/sse?streams=btcusdt@quote"], stdout=subprocess.PIPE, text=True)
        while not stream.stdout.readline().startswith("data"):
            pass
        self.assertIn("1 client,", until("the client is told of", lambda: re.search(".*1 client,.*", service.message().get("STATUS", ""))).group())
        self.assertEqual(service.stop(), 0, service.output)
        self.assertIn("serverShutdown", stream.communicate()[0])

    def test_a_planned_stop_is_told_first(self):
        service = Service("serve", "/run/calls-of-stop")
        service.message()
        os.kill(service.pid(), 15)
        message = service.message_with("STOPPING")
        self.assertEqual(message["STOPPING"], "1")
        self.assertGreaterEqual(int(message["EXTEND_TIMEOUT_USEC"]), 5_000_000)
        self.assertEqual(service.wait(), 0, service.output)

    def test_the_sandbox_of_the_unit_lets_through_all_that_it_did(self):
        with open(CALLS) as lines:
            # From its own start on: before, it is setpriv's.
            calls = re.split(r'execve\("/usr/bin/tickcast"', lines.read(), maxsplit=1)[1]
        made = set(re.findall(r"^\d+ +(\w+)\(", calls, re.MULTILINE))
        self.assertIn("epoll_wait", made)
        self.assertEqual(made - allowed_syscalls(), set(), "SystemCallFilter")
        families = set(re.findall(r" socket\((AF_\w+)", calls))
        self.assertEqual(families - set(settings("RestrictAddressFamilies")[0].split()), set(), "RestrictAddressFamilies")
        self.assertEqual(re.findall(r"mprotect\(.*PROT_EXEC.*|mmap\(.*PROT_WRITE\|PROT_EXEC.*|shmat\(.*SHM_EXEC.*", calls), [], "MemoryDenyWriteExecute")
        self.assertEqual(re.findall(r"openat\(.*O_(?:WRONLY|RDWR|CREAT).*", calls), [], "ProtectSystem=strict")

    def test_a_file_that_makes_no_sense_ends_it_for_good(self):
        with open(CONFIG, "w") as file:
            file.write("[serve]\nlissten = 1\n")
        service = Service("serve", "/run/calls-of-fault")
        status = service.wait()
        self.assertIn(f"{CONFIG}:2: lissten", service.output)
        self.assertIn(str(status), settings("RestartPreventExitStatus")[0].split())

    def test_installing_it_again_keeps_what_was_configured(self):
        output("dpkg", "-i", package)
        with open(CONFIG) as file:
            self.assertIn("lissten", file.read())

    def test_removed_it_keeps_the_configuration_and_purged_it_leaves_nothing(self):
        with open("/etc/tickcast/tickcast.env", "w") as file:
            file.write("TICKCAST_LOG_LEVEL=debug\n")
        wants = "/etc/systemd/system/multi-user.target.wants/tickcast@serve.service"
        os.makedirs(os.path.dirname(wants), exist_ok=True)
        os.symlink(UNIT, wants)
        output("dpkg", "-r", "tickcast")
        self.assertTrue(os.path.exists(CONFIG))
        self.assertFalse(os.path.exists("/usr/bin/tickcast"))
        output("dpkg", "--purge", "tickcast")
        self.assertEqual([path for path in changed() if "tickcast" in path and os.path.lexists(path)], [])


# What zsh offers behind `tickcast serve --tls`, from the matches that its completion adds.
ZSH = r"""
autoload -Uz compinit && compinit -D -u
fpath=(/usr/share/zsh/vendor-completions $fpath)
autoload -Uz _tickcast
offered=()
_arguments() { local spec; for spec; do offered+=(${${spec#\*}%%\[*}); done }
words=(tickcast serve --tls) CURRENT=3
_tickcast
print -r -- ${(M)offered:#--tls*}
"""


def main():
    names = [name for name in vars(Package) if name.startswith("test_")]
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(unittest.TestSuite(map(Package, names)))
    bad = len(result.failures) + len(result.errors)
    with open(os.path.join(SOURCE, "build/check/package.count.out"), "w") as count:
        count.write(f"{result.testsRun - bad - len(result.skipped)} {bad} {len(result.skipped)}\n")
    return bad > 0


sys.exit(main())
