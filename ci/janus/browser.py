# SPDX-License-Identifier: BSD-2-Clause
"""A headless Chromium, driven through its debugging pipe (the Chrome DevTools Protocol, over two descriptors)."""
import base64
import json
import os
import select
import signal
import subprocess
import tempfile
import time

from .term import Trouble

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-pipe",
         "--window-size=1400,1300"]
PATIENCE = 600      # seconds for an answer; the first takes a few


class Browser:
    """One page in a browser of its own; use as a context."""

    def __enter__(self):
        self.profile = tempfile.TemporaryDirectory(prefix="janus-page.", ignore_cleanup_errors=True)
        theirs_in, self.to = os.pipe()
        self.source, theirs_out = os.pipe()

        def place():    # the browser wants its pipe at descriptors 3 and 4
            kept_in, kept_out = os.dup(theirs_in), os.dup(theirs_out)
            os.dup2(kept_in, 3)
            os.dup2(kept_out, 4)

        self.process = subprocess.Popen(["chromium", *FLAGS, f"--user-data-dir={self.profile.name}"], preexec_fn=place,
                                        close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        start_new_session=True)
        os.close(theirs_in)
        os.close(theirs_out)
        self.buffer, self.next_id, self.events, self.session = b"", 0, [], None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")
        return self

    def __exit__(self, *_):
        os.killpg(self.process.pid, signal.SIGKILL)     # and the processes that it made: the session is its own
        self.process.wait()
        os.close(self.to)
        os.close(self.source)
        self.profile.cleanup()

    def message(self):
        end = time.monotonic() + PATIENCE
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.source], [], [], max(0, end - time.monotonic()))
            data = os.read(self.source, 1 << 20) if ready else b""
            if not data:
                raise Trouble("Chromium does not answer")
            self.buffer += data
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, **parameters):
        self.next_id += 1
        request = {"id": self.next_id, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.to, json.dumps(request).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == self.next_id:
                if "error" in answer:
                    raise Trouble(f"Chromium: {method}: {answer['error'].get('message')}")
                return answer["result"]
            self.events.append(answer)

    def open(self, url):
        before = len(self.events)
        self.call("Page.navigate", url=url)
        while not any(e.get("method") == "Page.loadEventFired" for e in self.events[before:]):
            self.events.append(self.message())

    def evaluate(self, script):
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in result:
            raise Trouble(f"the page's script failed: {result['exceptionDetails'].get('text')}: {script[:80]}")
        return result["result"].get("value")

    def click(self, x, y):
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def key(self, name, number, text=""):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=name, code=name, windowsVirtualKeyCode=number, text=text)

    def enter(self):
        self.key("Enter", 13, "\r")

    def tab(self):
        self.key("Tab", 9)

    def scheme(self, name):
        """Look at the page as one who prefers "light" or "dark"."""
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def screenshot(self, path):
        with open(path, "wb") as out:
            out.write(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def requests(self):
        """Addresses that the page asked for."""
        return [e["params"]["request"]["url"] for e in self.events if e.get("method") == "Network.requestWillBeSent"]

    def tree(self):
        """What a screen reader is told: [(role, name)]."""
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        return [(n["role"]["value"], n.get("name", {}).get("value", "")) for n in nodes
                if not n["ignored"] and "role" in n]

    def errors(self):
        """What the console complained of."""
        found = [e["params"]["exceptionDetails"]["text"] for e in self.events
                 if e.get("method") == "Runtime.exceptionThrown"]
        found += [e["params"]["entry"]["text"] for e in self.events
                  if e.get("method") == "Log.entryAdded" and e["params"]["entry"]["level"] == "error"]
        return found + ["console.error" for e in self.events if e.get("method") == "Runtime.consoleAPICalled"
                        and e["params"]["type"] == "error"]
