"""A process that tells how far it is and then why it fails, as those do that `tl.jobs.child_progress` follows."""

import sys

from tl.ending import REFUSED
from tl.languages import for_stderr, say

print(f"1 2 {for_stderr(say('writing the weights'))}", file=sys.stderr, flush=True)
print("2 2 a plain word", file=sys.stderr, flush=True)
print(for_stderr(say("Not found.")), file=sys.stderr, flush=True)
sys.exit(REFUSED)
