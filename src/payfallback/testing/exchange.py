"""One call to a fake provider: when it arrives, whether it is honoured, what comes back and when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from payfallback._core.operations import Answer, Kind, Operation
from payfallback._values import changed, value
from payfallback.taxonomy import Cause, Verdict
from payfallback.testing.faults import Fault

QUESTIONS = frozenset({Kind.QUERY, Kind.QUERY_REFUND, Kind.PLANS})


@value
class Reply:
    """What comes back over the wire, before anybody has judged it. `says` is what an authentic body would prove."""

    status: int
    says: Answer | None = None
    signed: bool = True
    readable: bool = True
    listed: bool = True
    retry_after: float | None = None


class Course:
    """What becomes of one call. Seconds after it was sent.

    `work`: how long the provider takes; `late`: how long the network keeps the request. `arrives`: it never does when
    False. `honoured`: whether the provider does what it was asked. `answered`: whether anything comes back at all.
    """

    __slots__ = (
        "answered",
        "arrives",
        "cut",
        "honoured",
        "late",
        "listed",
        "readable",
        "retry_after",
        "signed",
        "status",
        "work",
    )

    def __init__(self, latency: float) -> None:
        self.work, self.late = latency, 0.0
        self.arrives = self.honoured = self.answered = self.signed = self.readable = self.listed = True
        self.cut = False
        self.status = 200
        self.retry_after: float | None = None

    def bend(self, fault: Fault) -> None:
        """Let a fault strike this call. Faults that change what the provider does leave it alone."""
        bend = _BENDS.get(fault.name)
        if bend is not None:
            bend(self, fault)


def _refused(course: Course, fault: Fault) -> None:
    course.arrives = course.honoured = False


def _http_503(course: Course, fault: Fault) -> None:
    course.status, course.honoured = 503, False


def _rate_limited(course: Course, fault: Fault) -> None:
    course.status, course.honoured, course.retry_after = 429, False, fault.number


def _slow(course: Course, fault: Fault) -> None:
    course.work = max(course.work, fault.number)


def _hang(course: Course, fault: Fault) -> None:
    course.honoured = course.answered = False


def _reply_lost(course: Course, fault: Fault) -> None:
    course.cut = True


def _malformed(course: Course, fault: Fault) -> None:
    course.readable = False


def _unsigned(course: Course, fault: Fault) -> None:
    course.signed = False


def _unlisted(course: Course, fault: Fault) -> None:
    course.listed = False


def _delivered_late(course: Course, fault: Fault) -> None:
    course.late, course.answered = fault.number, False


_BENDS: Mapping[str, Callable[[Course, Fault], None]] = {
    "refused": _refused,
    "http_503": _http_503,
    "flapping": _http_503,
    "rate_limited": _rate_limited,
    "slow": _slow,
    "hang": _hang,
    "reply_lost": _reply_lost,
    "malformed": _malformed,
    "unsigned": _unsigned,
    "unlisted": _unlisted,
    "delivered_late": _delivered_late,
}


class Exchange:
    """A call under way. The caller waits `takes` seconds, as long as it likes, or never comes back: it does not matter
    to the provider. `arrives_at` is the moment, in monotonic time, at which the provider deals with it (None: never).
    """

    __slots__ = ("_attend", "arrived", "arrives_at", "course", "operation", "reply", "struck", "takes", "timed_out")

    def __init__(
        self,
        operation: Operation,
        course: Course,
        struck: Mapping[str, Fault],
        latency: float,
        now: float,
        attend: Callable[[Exchange], None],
    ) -> None:
        self.operation, self.course, self.struck = operation, course, struck
        self._attend = attend
        self.reply: Reply | None = None
        self.arrived = False
        self.arrives_at = now + _arrival(operation, course, latency) if course.arrives else None
        whole = course.work if course.arrives else latency / 2
        self.timed_out = not course.answered or whole > operation.timeout
        self.takes = operation.timeout if self.timed_out else whole

    @property
    def answer_reaches_caller(self) -> bool:
        """Whether a caller that waits will learn what the provider did."""
        course = self.course
        return not (self.timed_out or course.cut) and course.readable and course.signed and course.listed

    def arrive(self) -> None:
        """The moment `arrives_at` has come."""
        self._attend(self)

    def result(self) -> Reply:
        """What the caller gets after `takes` seconds. Raises `TimeoutError` when nothing came in time,
        `ConnectionRefusedError` when there was no connection, `ConnectionResetError` when it was cut."""
        if self.arrives_at is not None:
            self._attend(self)  # another thread may be about to: whoever is first does it
        if self.timed_out:
            raise TimeoutError(f"no answer within {self.operation.timeout:g} s")
        if not self.course.arrives:
            raise ConnectionRefusedError("connection refused")
        if self.course.cut:
            raise ConnectionResetError("connection cut before the answer")
        return self.reply or Reply(self.course.status, retry_after=self.course.retry_after)


def _arrival(operation: Operation, course: Course, latency: float) -> float:
    """A question is answered from the state at its arrival; anything else takes effect when the work is done."""
    half = latency / 2
    return course.late + (half if operation.kind in QUESTIONS else course.work - half)


def judge(operation: Operation, result: Any) -> Answer:
    """What a reply, or the exception in its place, proves: what a careful adapter would say. The rest is `UNKNOWN`."""
    if isinstance(result, BaseException):
        return _judge_error(result)
    if not isinstance(result, Reply):
        return Answer(verdict=Verdict.UNKNOWN, cause=Cause.UNRECOGNISED, code=type(result).__name__[:64])
    if result.status == 200 and result.says is not None and result.signed and result.readable and result.listed:
        return result.says
    if not result.listed:
        return Answer(verdict=Verdict.UNKNOWN, cause=Cause.UNRECOGNISED, code="code_of_tomorrow", unlisted=True)
    if not result.readable or not result.signed:
        code = "unsigned" if result.readable else "malformed"
        return Answer(verdict=Verdict.UNKNOWN, cause=Cause.API_FAILURE, code=code)
    if result.status == 429:
        return _rate_limit(operation, result)
    return Answer(verdict=Verdict.UNKNOWN, cause=Cause.PROVIDER_ERROR, code=f"http_{result.status}")


def _rate_limit(operation: Operation, reply: Reply) -> Answer:
    """A charge that was not taken is a refusal of that request; about a question or an undoing it proves nothing."""
    answer = Answer(
        verdict=Verdict.DECLINED if operation.kind is Kind.CHARGE else Verdict.UNKNOWN,
        cause=Cause.RATE_LIMITED,
        code="http_429",
        retry_after=reply.retry_after,
        resendable=True,
    )
    return changed(answer, number=operation.number) if operation.kind is Kind.CHARGE else answer


def _judge_error(error: BaseException) -> Answer:
    verdict, cause = Verdict.UNKNOWN, Cause.UNRECOGNISED
    if isinstance(error, ConnectionRefusedError):
        verdict, cause = Verdict.NOT_SENT, Cause.NETWORK
    elif isinstance(error, TimeoutError):
        cause = Cause.TIMEOUT
    elif isinstance(error, ConnectionError):
        cause = Cause.NETWORK
    return Answer(verdict=verdict, cause=cause, code=type(error).__name__[:64], error=error)
