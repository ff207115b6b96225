"""What bench/streams runs: two servers and two clients on one CPU, which take turns. ROUNDS CPU PROGRAM"""
import os
import statistics
import subprocess
import sys

BOUND = 20
ITEMS = {"corbel": 200_000, "pyro4": 2_000}  # in a slice: a tenth of a second or so


class Failed(Exception):
    pass


class Process:
    """A program of ours on the CPU; it says a line when it is asked for one."""

    def __init__(self, cpu, *argv):
        self.name = " ".join(argv)
        self.process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))

    def line(self):
        line = self.process.stdout.readline()
        if line == "":
            raise Failed(f"{self.name}: ended early")
        return line.split()

    def ask(self, text):
        self.process.stdin.write(f"{text}\n")
        self.process.stdin.flush()
        return self.line()

    def stop(self):
        self.process.kill()
        self.process.wait()


def measure(rounds, cpu, program):
    commands = {"corbel": (program,), "pyro4": (sys.executable, "bench/pyro_streams.py")}
    processes, clients = [], {}
    seconds = {name: [] for name in commands}
    try:
        for name, command in commands.items():
            server = Process(cpu, *command, "serve")
            processes.append(server)
            clients[name] = Process(cpu, *command, "call", server.line()[1])
            processes.append(clients[name])
            clients[name].line()
        for _ in range(rounds + 1):
            for name, client in clients.items():
                seconds[name].append(int(client.ask(ITEMS[name])[0]) / ITEMS[name] / 1e9)
    finally:
        for process in processes:
            process.stop()
    return {name: taken[1:] for name, taken in seconds.items()}  # the first round warms up


def main():
    rounds, cpu, program = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    if rounds == 0:
        print("streams: no round is not enough", file=sys.stderr)
        return 2
    try:
        seconds = measure(rounds, cpu, program)
    except Failed as failed:
        print(f"streams: {failed}", file=sys.stderr)
        return 3
    for name, taken in seconds.items():
        middle = statistics.median(taken)
        print(f"{name:7} {middle * 1e6:8.3f} us an item, {1 / middle:12,.0f} items a second")
    ratio = statistics.median(p / c for c, p in zip(seconds["corbel"], seconds["pyro4"]))
    print(f"corbel moves {ratio:.0f} times as many; at least {BOUND} are wanted")
    return 0 if ratio >= BOUND else 1


sys.exit(main())
