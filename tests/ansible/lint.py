"""ansible-lint over the collection, with the strictest profile and without a network."""

import os
import subprocess
import sys
import tempfile

import collection

LINT = os.path.join(os.path.dirname(sys.executable), "ansible-lint")

if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="offkit-lint-") as folder:
        environment = collection.environment(folder)
        environment["PATH"] = os.path.dirname(sys.executable) + os.pathsep + environment["PATH"]
        words = [LINT, "--offline", "--profile", "production", "--strict", "."]
        sys.exit(subprocess.run(words, cwd=collection.SOURCE, env=environment, check=False).returncode)
