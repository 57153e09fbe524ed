"""The one loop: look up what is next, do it, until nothing is left that can be done in time.

Every public operation that decides or sends is one of these generators. They yield effects and return results; the
drivers in `_runtime` perform the effects, and the simulator is a third driver.
"""

from __future__ import annotations

import math
from functools import partial

from payfallback._core import events as e
from payfallback._core.acts import perform
from payfallback._core.choose import may_continue, next_option, start
from payfallback._core.decide import is_held, tasks
from payfallback._core.effects import Admit, Keep, Sleep
from payfallback._core.order import Attempt
from payfallback._core.result import result_of
from payfallback._core.rules import captured
from payfallback._core.run import MAX_CONFLICTS, Flow, Run, Step, opening, unavailable, wish
from payfallback._core.sending import charge
from payfallback._core.state import Status
from payfallback._core.view import DECISIONS, Act, Task, View
from payfallback.errors import UnknownOrder
from payfallback.model import Order
from payfallback.policy import Channel
from payfallback.results import Result

MAX_STEPS = 200  # of one run; far above what any schedule needs, so that a bug ends instead of spinning


def pay(run: Run, order: Order) -> Flow:
    """Get the order paid, or say why not. Raises only when this run sent nothing."""
    run.order = order
    opening(run, order)
    if run.heard:
        run.tell("payment.started", amount=str(order.amount), choice=run.choice)
    return drive(run)


def switch(run: Run, order: Order) -> Flow:
    """Leave what is open and pay in another way: query, close, then the new one."""
    run.order = order
    yield from run.load()
    if run.down is not None:
        raise unavailable(run)
    if run.record is None:
        opening(run, order)
    elif not run.record.finished:
        yield from _join(run)
        if not run.known.finished:
            yield from run.declare(wish(run, "switch"))
    return (yield from drive(run))


def cancel(run: Run) -> Flow:
    """Give the order up: close what is open; what is captured later goes back."""
    yield from _must_load(run)
    yield from _join(run)
    if not run.known.finished:
        yield from run.declare(e.Asked(run.now(), "cancel"))
    return (yield from drive(run))


def status(run: Run, ask: bool) -> Flow:
    """What is known; with `ask`, after one question to the provider."""
    yield from _must_load(run)
    if not ask or run.known.current is None:
        return result_of(run)
    return (yield from drive(run))


def recover(run: Run) -> Flow:
    """Finish what can be finished about an order whose lease this run already holds. Never starts a charge."""
    yield from drive(run)
    return run.record


def _must_load(run: Run) -> Flow:
    yield from run.load()
    if run.down is not None:
        raise unavailable(run)
    if run.record is None:
        raise UnknownOrder("the journal knows no such order", hint="check the id and, with several, the merchant")


# ---------------------------------------------------------------- the loop


def drive(run: Run) -> Flow:
    """Do what is next until nothing can be done in time, then make it durable, let go, and say where things stand."""
    for _ in range(MAX_STEPS):
        step = _advance(run)
        if step if isinstance(step, bool) else (yield from step):
            continue
        if run.down is None and (yield from run.flush(lease=0)):
            break
        if run.down is not None:
            yield from _journal_is_down(run)
            break
        if run.conflicts > MAX_CONFLICTS:
            break
    else:  # a bug of ours would spin here: save what is known and let go
        yield from run.flush(lease=0)
    if run.blind:  # whoever finds the evidence in the journal decides again, and tells the shop
        yield Keep(run.key, tuple(event for event in run.pending if type(event) not in (e.Won, e.Settled)), run.version)
    result: Result = result_of(run)
    return result


def _journal_is_down(run: Run) -> Flow:
    """Before the first send: raise, nothing was sent. After it: the evidence is kept, and the answer is Pending."""
    if not run.sent:
        if run.fence is None or run.live:
            raise unavailable(run)
        return
    run.tell("journal.unavailable", error=type(run.down).__name__)
    yield from run.rescue()


def _advance(run: Run) -> Step:
    """One step. False: the run has come to its end, or the journal is away."""
    if run.down is not None or run.conflicts > MAX_CONFLICTS:
        return False
    if run.locked_until:
        return _join(run)
    task = next_task(run)
    if task is None:
        return _without_task(run)
    wait = task.at - run.now()
    if wait > 0:
        return run.live and run.wait(wait)
    return perform(run, task)


def _without_task(run: Run) -> Step:
    record = run.known
    if run.intent not in ("pay", "switch") or record.finished:
        return False
    current = record.current
    if current is None:
        return start(run)
    if current.status is Status.PLANNED:
        return _again_or_never(run, current)
    return False


def _again_or_never(run: Run, attempt: Attempt) -> Flow:
    """A charge that was certainly not sent: the same channel again while its retries last, else dead."""
    channel = run.policy.channels.get(attempt.option.partition("/")[0])
    tries = run.resends.get(attempt.seq, 0)
    if channel is not None and may_continue(run, attempt, channel, tries):
        pause = max(run.env.backoff(channel, tries + 1), attempt.retry_after or 0.0)
        run.resends = {**run.resends, attempt.seq: tries + 1}
        conflicts = run.conflicts
        if run.left() > pause + channel.capabilities.min_time and (yield from run.wait(pause)):
            sent = run.conflicts == conflicts and (yield from _retry(run, attempt))
            if sent or run.conflicts > conflicts:
                return True  # somebody else was faster: what is true now decides
            if run.down is not None:
                return False
    if run.down is None and run.known.attempts[attempt.seq - 1].status is Status.PLANNED:
        run.tried.setdefault(attempt.option, attempt.cause)
        run.add(e.Died(run.now(), attempt.seq, "never_sent"))
    return run.down is None


def _retry(run: Run, attempt: Attempt) -> Flow:
    """Send again under the same number; None when the gate did not allow it."""
    channel = run.policy.channels[attempt.option.partition("/")[0]]
    permit = yield Admit(channel.name, True)
    if getattr(permit, "cause", None) is not None:
        return None
    return (yield from charge(run, channel, attempt.seq, permit))


def _join(run: Run) -> Flow:
    """Another run holds the order: wait for what it finds out. False: there is no time left, or it need not wait."""
    clock = run.env.clock
    while run.locked_until > clock.monotonic():
        record = run.known
        if record.finished or _shown(record.current) or run.left() <= 0.06 or not run.live:
            return False
        yield Sleep(min(0.05, run.locked_until - clock.monotonic() + 0.001))
        yield from run.load()
        if run.down is not None:
            if run.sent:
                return False
            raise unavailable(run)
    run.locked_until = 0.0
    return True


def _shown(attempt: Attempt | None) -> bool:
    return attempt is not None and attempt.status is Status.PENDING and attempt.handed_over


def next_task(run: Run) -> Task | None:
    """The task to do next, for this kind of run; None when there is none for it."""
    record = run.known
    if record.quiet:
        return None
    if run.live and not record.winner and not record.cancelled:  # what nearly every order comes to, looked up at once
        ended = sum(attempt.status is Status.DEAD for attempt in record.attempts)
        if ended == len(record.attempts) and run.now() < record.pay_by:
            return None  # nothing was tried yet, or what was is over
        last = record.attempts[-1] if record.attempts else None
        if last is not None and last.status is Status.CAPTURED and ended + 1 == len(record.attempts):
            return captured(record, last, run.now())
    view = view_of(run)
    best: Task | None = None
    current = record.current
    for task in tasks(record, view):
        if task.act in DECISIONS and task.at <= view.now:
            return task
        if run.live and (task.act in DECISIONS or not _concerns(run, task, current)):
            continue
        if is_held(task, run.held):
            continue
        if best is None or task.at < best.at:
            best = task
    if best is not None and not run.live and best.at > view.now:
        return None
    return best


def _concerns(run: Run, task: Task, current: Attempt | None) -> bool:
    """Whether a waiting shopper's run does this: only the attempt that stands in the way, as far as allowed."""
    if run.left() <= 0.0 and task.act is not Act.HAND_OVER:
        return False  # the caller is owed an answer: recovery does the rest
    if run.intent == "refund":
        return task.act in (Act.MERCHANT_REFUND, Act.QUERY_MERCHANT_REFUND) and task.refund == run.refund_id
    if run.intent == "cancel" and task.act in (Act.REFUND, Act.QUERY_REFUND):
        return True
    if current is None or task.seq != current.seq:
        return False
    if run.intent == "status":
        return task.act is Act.QUERY and current.seq not in run.asked
    leaves = current.seq <= run.known.leave_upto or run.known.cancelled
    if run.autonomy == "observe" and not leaves and task.act not in (Act.HAND_OVER, Act.CAPTURE):
        return False
    return leaves or not _shown(current)


def view_of(run: Run) -> View:
    """How this run looks at the order now."""
    now = run.now()
    live, acts = run.live, run.autonomy != "observe"
    retries = live and acts and not run.no_retry and run.intent in ("pay", "switch")
    until = now + max(run.left(), 0.0) if live else math.inf
    pause, fallback = partial(_pause, run), partial(_has_fallback, run)
    return View(run.policy, now, live, run.asked, False, fallback, retries, acts, pause, until)


def _pause(run: Run, attempt: Attempt, channel: Channel) -> float:
    """Seconds before the next resend, from the channel's wait strategy; drawn once for each send."""
    send = (attempt.seq, attempt.sends)
    if send not in run.pauses:
        run.pauses = {**run.pauses, send: run.env.backoff(channel, attempt.sends)}
    return run.pauses[send]


def _has_fallback(run: Run) -> bool:
    """Whether another option would be started by itself, were the current attempt dead."""
    if not run.live or run.autonomy != "switch" or run.intent not in ("pay", "switch"):
        return False
    return next_option(run) is not None
