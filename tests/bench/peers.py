"""The same two endpoints in Go and in Node. What they send to PostgreSQL is what the service sends."""
import glob
import json
import os
import shutil
import subprocess

from stack import HERE, ROOT, Peer

BUILD = os.path.join(ROOT, "build", "peers")
BUILD_SECONDS = 240
POOLS = (8, 16)

# name: (programs it needs, how it is built in build/peers/NAME, how it runs)
PEERS = {
    "Go": (("go",), (("go", "build", "-trimpath", "-o", "peer", "."),), ("./peer",)),
    "Node": (("node", "npm"), (("npm", "install", "--package-lock=false", "--no-audit", "--no-fund", "--silent"),), ("node", "server.js")),
}


def build(name):
    """None, or why it cannot be had."""
    programs, steps, _ = PEERS[name]
    missing = [program for program in programs if not shutil.which(program)]
    if missing:
        return f"no {missing[0]}"
    source, target = os.path.join(HERE, "peers", name.lower()), os.path.join(BUILD, name.lower())
    os.makedirs(target, exist_ok=True)
    text = ""
    for path in sorted(glob.glob(os.path.join(source, "*"))):
        shutil.copy(path, target)
        with open(path, encoding="utf-8") as file:
            text += file.read()
    mark = os.path.join(target, ".built")
    if os.path.exists(mark) and open(mark, encoding="utf-8").read() == text:
        return None
    for step in steps:
        try:
            done = subprocess.run(step, cwd=target, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return f"{step[0]} {step[1]} takes too long"
        if done.returncode != 0:
            return f"{step[0]} {step[1]} failed: {(done.stderr or done.stdout).strip().splitlines()[-1][:60]}"
    with open(mark, "w", encoding="utf-8") as file:
        file.write(text)
    return None


def start(name, url, work, pool, directory):
    target = os.path.join(BUILD, name.lower())
    command = [os.path.join(target, word) if word == "./peer" else word for word in PEERS[name][2]]
    if command[-1].endswith(".js"):
        command[-1] = os.path.join(target, command[-1])
    return Peer(command, directory, DATABASE_URL=url, WORK=work, POOL=str(pool), WORKERS=str(os.cpu_count()))


def work(create, read, known, answer):
    """Recorded statements as a peer takes them: names in braces stand for what differs from request to request."""
    def marked(text):
        for sent, name in known:
            text = text.replace(sent, name)
        return text

    def side(statements):
        return [{"sql": sql, "args": [None if values[n] is None else marked(values[n]) for n in sorted(values)],
                 "finds_customer": "{EMAIL}" in "".join(marked(v or "") for v in values.values())} for sql, values in statements]
    return json.dumps({"create": side(create), "read": side(read), "answer": marked(answer)}, indent=1)
