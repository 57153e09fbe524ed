"""UnionPay's daily file: a zip with the ZM file and its sisters, deflated once more, in base64, inside an answer.

Columns, names and codes are those of UnionPay's demo. That a reversed consumption shows as two lines, and what the
columns hold that the demo does not read, are assumptions.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from base64 import b64encode
from datetime import datetime, timedelta

from payfallback.testing.sandbox.bank import Bank
from payfallback.testing.sandbox.clock import CHINA, Clock
from payfallback.testing.sandbox.exchange import Call
from payfallback.testing.sandbox.trades import Refund, RefundState, State, Trade
from payfallback.testing.sandbox.unionpay import fields
from payfallback.testing.sandbox.unionpay.codes import Refusal
from payfallback.testing.sandbox.unionpay.refunds import Refunds

_LENGTHS = (
    *(3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15),
    *(1, 15, 32, 13, 13, 8, 32, 13, 13, 12, 2, 1, 32, 98),
)
_ACQUIRER = "00010000"
_REVERSED = "reverse-"  # how the operations name the refund that a reversal makes
_ECHOED = ("version", "encoding", "bizType", "txnType", "txnSubType", "accessType", "merId", "settleDate", "txnTime")


class Bills:
    """Makes the files."""

    def __init__(self, bank: Bank, clock: Clock, refunds: Refunds) -> None:
        self._bank, self._clock, self._refunds = bank, clock, refunds

    def ask(self, call: Call) -> dict[str, str]:
        """The file of a clearing day of the last twelve months. Raises `Refusal`."""
        given = call.given
        fields.text(given, "txnTime", r"[0-9]{14}")
        fields.text(given, "txnSubType", "01")
        fields.text(given, "fileType", "00")
        day = self._day(fields.text(given, "settleDate", r"[0-9]{4}"))
        rows = self._rows(f"{day:%Y%m%d}", given["merId"])
        if not rows:
            raise Refusal("98")
        name = f"INN{day:%y%m%d}88Z%s_{given['merId']}"
        files = {name % "ME": b"", name % "M": b"".join(row + b"\r\n" for row in rows)}
        content = b64encode(zlib.compress(_zipped(files))).decode()
        told = {each: given[each] for each in _ECHOED}
        return {**told, "fileName": f"{given['merId']}_{day:%Y%m%d}.zip", "fileContent": content}

    def _day(self, told: str) -> datetime:
        """The request does not say the year."""
        today = datetime.fromtimestamp(self._clock.now(), CHINA) + timedelta(hours=1)
        for year in (today.year, today.year - 1):
            try:
                found = datetime.strptime(f"{year}{told}", "%Y%m%d").replace(tzinfo=CHINA)
            except ValueError:
                continue
            if found <= today:
                return found
        raise Refusal("10", "settleDate")

    def _rows(self, day: str, merchant: str) -> list[bytes]:
        rows = []
        for trade in self._bank.all():
            if trade.paid_at is not None and fields.clearing_day(trade.paid_at) == day:
                rows.append(_row(trade, merchant, trade.paid_at, trade.captured, "01", trade.ref, trade.number))
            rows += [
                self._back(trade, refund, merchant)
                for refund in trade.refunds
                if refund.state is RefundState.DONE and fields.clearing_day(refund.done_at or refund.created) == day
            ]
        return rows

    def _back(self, trade: Trade, refund: Refund, merchant: str) -> bytes:
        undone = trade.state is State.REVERSED and refund.number.startswith(_REVERSED)
        kind, number = ("99", trade.number) if undone else ("04", refund.number)
        at = refund.done_at or refund.created
        return _row(trade, merchant, at, refund.amount, kind, refund.ref, number, original=trade.ref)


def _row(
    trade: Trade, merchant: str, at: float, amount: int, kind: str, ref: str, number: str, original: str = ""
) -> bytes:
    """One line: columns of fixed bytes, a space between them."""
    moment, fen = datetime.fromtimestamp(at, CHINA), f"{amount:012}"
    cells = {
        0: "S22" if kind == "01" else "S30",
        1: _ACQUIRER,
        2: _ACQUIRER,
        3: f"{int(at) % 1_000_000:06}",
        4: moment.strftime("%m%d%H%M%S"),
        5: "621234******0001",
        6: fen,
        7: "5812",
        8: "07",
        9: ref,
        11: number,
        12: "01",
        15: "C000000000000",
        16: f"{'C' if kind == '01' else 'D'}{fen}",
        17: "0001",
        19: kind,
        20: trade.asked["txnSubType"] if kind == "01" else "00",
        21: trade.asked["bizType"],
        22: "01",
        25: "0",
        26: original,
        27: merchant,
    }
    parts = (cells.get(n, "").encode("gbk", "replace")[:length].ljust(length) for n, length in enumerate(_LENGTHS))
    return b" ".join(parts)


def _zipped(files: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return written.getvalue()
