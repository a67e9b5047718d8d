"""A hosted demo under visitors, who all come within half a minute while an experiment trains on the same processors.

What that experiment keeps of its speed is that of the epochs it begins and ends while they are there, against those before.

Each has a workspace with a finished experiment (as `page_lab.py` writes it: two arms, six epochs) and goes through the journey
of `stages.py`. The experiment that runs does run, and is one visitor's; the others look at it with that visitor's cookie, as if it were open in so many tabs. Of the
visitors some have a browser (Chromium, as many as are asked for, and as fit into half of the free memory), the others talk
to the server as a browser does (`protocol_visitor.py`). They come evenly spread over `arrival_seconds`, those with a browser
evenly among the others. Server, training and visitors share this computer: what browsers compute makes the pages later than
they would be with browsers elsewhere, never earlier; so that this is little, browsers give way to the server (nice).

Memory is that of the page process: with 20 visitors' experiments opened one after the other before the crowd, and once that has
left and its sessions have expired (they do when the next visitor comes).
"""

import asyncio
import time
from statistics import median, quantiles

import pandas as pd
import psutil

from tests import page_lab
from tests.benchmarks.crowd import Errand, crowd, look_in, with_protocol
from tests.benchmarks.demo import TTL_SECONDS, Demo, Use, demo, long, new_visitor
from tests.benchmarks.paint import CHROMIUM
from tests.benchmarks.row import Row
from tests.benchmarks.scale import Scale
from tests.benchmarks.stages import COMPARE, FINISHED, RUNNING, RUNS, Diary
from tl.store.home import Home

BROWSER_BYTES = 200e6  # of a context with a page of ours, about; what it was is told
ALONE_EPOCHS = 2  # of each arm after its first, before anybody comes
KEPT = 0.5  # of its speed alone that training is to keep
EXPERIMENTS = 20  # that are opened before memory is looked at


def load(home: Home, scale: Scale) -> list[Row]:
    """Visitors of a hosted demo at once: success, first paint, memory of the page process."""
    with demo() as here:
        secrets = [new_visitor() for _ in range(max(scale.visitors, EXPERIMENTS))]
        finished = {secret: page_lab.finished(here.workspace(secret)) for secret in secrets}
        running = here.submit(secrets[0], long())
        here.wait_for_epoch(secrets[0], running, 1 + ALONE_EPOCHS)  # nobody is there yet
        errands = [Errand(secret, experiment_id, secrets[0], running) for secret, experiment_id in finished.items()]
        return asyncio.run(_measured(here, scale, errands))


async def _measured(here: Demo, scale: Scale, errands: list[Errand]) -> list[Row]:
    fresh = here.use()
    about = errands[0].running_secret, errands[0].running
    alone = trained_per_second(here.epochs(*about), 1)
    await with_protocol(here, errands[0], Diary())
    for errand in errands[1:EXPERIMENTS]:
        await look_in(here, errand)
    loaded = here.use()
    coming, num_browsers = errands[: scale.visitors], _browsers(scale)
    epochs = here.epochs(*about)
    before, began = _cpu(here), time.monotonic()
    diaries, browser_megabytes = await crowd(here, coming, num_browsers, scale.arrival_seconds)
    seconds, after = time.monotonic() - began, _cpu(here)
    full = here.use()
    beside = trained_per_second(here.epochs(*about), {run: len(rows) + 1 for run, rows in epochs.items()})
    await asyncio.sleep(TTL_SECONDS + 5)
    await look_in(here, coming[0])  # what has expired is forgotten when somebody comes
    took = "" if browser_megabytes is None else f" (Chromium took {browser_megabytes:,.0f} MB at most)"
    page, own, busy = ((later - earlier) / seconds for earlier, later in zip(before, after, strict=True))
    note = (
        f"{num_browsers} browsers{took}, {len(coming) - num_browsers} protocol visitors; all within {seconds:.0f} s; "
        f"cores busy: {busy:.2f} of {psutil.cpu_count()}, of which page {page:.2f}, protocol visitors {own:.2f}"
    )
    return [
        *_rows_of(diaries, note),
        _row_of_training(alone, beside),
        *_rows_of_memory(fresh, loaded, full, here.use(), len(coming)),
    ]


def _rows_of(diaries: list[Diary], note: str) -> list[Row]:
    good = [diary for diary in diaries if not diary.problems]
    reasons = sorted({problem for diary in diaries for problem in diary.problems})
    rows = [
        Row(
            what=f"visitors whose journey succeeded, of {len(diaries)}",
            measured=100 * len(good) / len(diaries),
            unit="%",
            at_least=100,
            note="; ".join([note, *reasons[:5]]),
        )
    ]
    for title, some in (("all", diaries), ("browsers", [diary for diary in diaries if diary.browser])):
        paints = [diary.first_paint for diary in some if diary.first_paint is not None]
        if len(paints) > 1:
            told = f"median {median(paints):.2f} s, longest {max(paints):.2f} s, of {len(paints)}"
            rows.append(
                Row(
                    what=f"first paint, 95th percentile, {title}", measured=_p95(paints), unit="s", at_most=5, note=told
                )
            )
    for stage in (COMPARE, FINISHED, RUNS, RUNNING):
        times = [diary.seconds[stage.name] for diary in diaries if stage.name in diary.seconds]
        if len(times) > 1:
            rows.append(
                Row(
                    what=f"{stage.name} complete, 95th percentile",
                    measured=_p95(times),
                    unit="s",
                    note=f"median {median(times):.2f} s",
                )
            )
    refreshes = [seconds for diary in diaries for seconds in diary.refreshes]
    if len(refreshes) > 1:
        told = f"median {median(refreshes):.2f} s, of {len(refreshes)}, protocol visitors only"
        rows.append(
            Row(what="a refresh of the live part, 95th percentile", measured=_p95(refreshes), unit="s", note=told)
        )
    return rows


def trained_per_second(epochs: dict[str, pd.DataFrame], after: int | dict[str, int]) -> float | None:
    """Pictures a second of training, over the runs' epochs `after` so many of each; None where there is none."""
    late = [rows.iloc[after if isinstance(after, int) else after[run] :] for run, rows in epochs.items()]
    rows = pd.concat(late).astype({"train_seconds": float, "images_per_second": float})
    seconds = rows["train_seconds"].sum()
    return float((rows["train_seconds"] * rows["images_per_second"]).sum() / seconds) if seconds else None


def _row_of_training(alone: float | None, beside: float | None) -> Row:
    return Row(
        what="training while they are there",
        measured=beside,
        unit="pictures/s",
        against="alone",
        reference=alone,
        ratio=beside / alone if beside and alone else None,
        at_least=KEPT,
        note="" if beside else "no epoch was begun and ended meanwhile",
    )


def _rows_of_memory(fresh: Use, loaded: Use, full: Use, left: Use, visitors: int) -> list[Row]:
    growth = (left.memory - loaded.memory) * 50 / visitors
    return [
        Row(
            what=f"page process with {EXPERIMENTS} experiments opened",
            measured=loaded.memory,
            unit="MB",
            at_most=300,
            note=f"{fresh.memory:.0f} MB when nobody had come yet",
        ),
        Row(
            what="its growth per 50 visitors who have left",
            measured=growth,
            unit="MB",
            at_most=100,
            note=f"{full.memory:.0f} MB as the last one left, {left.memory:.0f} MB after their sessions",
        ),
        Row(what="its threads after them", measured=left.threads, unit="", note=f"{loaded.threads} before them"),
        Row(what="its open files after them", measured=left.handles, unit="", note=f"{loaded.handles} before them"),
    ]


def _browsers(scale: Scale) -> int:
    """How many visitors have one: what is asked for, what fits into half of the free memory."""
    if CHROMIUM is None:
        return 0
    fitting = int(psutil.virtual_memory().available / 2 / BROWSER_BYTES)
    return min(scale.browsers, scale.visitors, fitting)


def _p95(seconds: list[float]) -> float:
    return quantiles(seconds, n=20, method="inclusive")[-1]


def _cpu(here: Demo) -> tuple[float, float, float]:
    """Processor seconds so far: of the page process, of this one, of the whole machine."""
    page, own = (sum(process.cpu_times()[:2]) for process in (here.page, psutil.Process()))
    machine = psutil.cpu_times()
    return page, own, sum(machine) - machine.idle - machine.iowait - machine.guest - machine.guest_nice
