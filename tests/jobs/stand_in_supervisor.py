"""The real supervisor with the stand-in trainer: `stand_in_supervisor.py HOME IDLE_SECONDS`; prints when it is ready."""

import os
import sys
from pathlib import Path

from tl.jobs.launchers.local import LocalLauncher
from tl.jobs.start import take_lock, write_holder
from tl.jobs.supervisor import Supervisor
from tl.store.home import Home

home = Home(sys.argv[1])
lock = take_lock(home)
if lock is None:
    sys.exit("another supervisor works")
os.set_inheritable(lock, False)
write_holder(lock, os.getpid())
print("ready", flush=True)
trainer = Path(__file__).with_name("stand_in_trainer.py")
launcher = LocalLauncher([sys.executable, str(trainer)])
launcher.fits = lambda need: 8
Supervisor(home, launcher).serve(lock, idle_seconds=float(sys.argv[2]))
