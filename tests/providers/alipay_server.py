"""A small Alipay behind real HTTP: it verifies requests with the official SDK, keeps trades, signs answers."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import rsa
from alipay.aop.api.util.SignatureUtils import verify_with_rsa
from alipay_counterpart import bare, public_pem, stamped

Body = dict[str, Any]
Said = tuple[int, Body]
REFUSED_CODES = {"280000000000000001": "ACQ.PAYMENT_REQUEST_HAS_RISK"}
WAITING_CODE = "280000000000000002"  # waits for the shopper's password
AT = "2025-11-12 00:01:02"


def error(code: str) -> Said:
    """A business error, as v3 says it."""
    return 400, {"code": code, "message": "业务处理失败", "links": [{"link": "https://open.alipay.com", "desc": "?"}]}


class Trades:
    """What was paid, and what went back."""

    def __init__(self) -> None:
        self.known: dict[str, Body] = {}

    def show(self, number: str, state: str) -> None:
        """A trade, as a query shows it."""
        self.known[number]["trade_status"] = state
        if state == "TRADE_SUCCESS":
            self.known[number]["send_pay_date"] = AT

    def add(self, asked: Body, state: str | None) -> Body:
        """Create a trade; without a state nobody has scanned it yet."""
        number = asked["out_trade_no"]
        self.known[number] = {"out_trade_no": number, "trade_no": f"T{number}", "total_amount": asked["total_amount"]}
        if state:
            self.show(number, state)
        return self.known[number]

    def pay(self, asked: Body) -> Said:
        """A payment code."""
        if refusal := REFUSED_CODES.get(asked["auth_code"]):
            return error(refusal)
        waits = asked["auth_code"] == WAITING_CODE
        trade = self.add(asked, "WAIT_BUYER_PAY" if waits else "TRADE_SUCCESS")
        paid = {} if waits else {"gmt_payment": AT, "total_amount": trade["total_amount"]}
        return 200, {"out_trade_no": trade["out_trade_no"], "trade_no": trade["trade_no"], **paid}

    def precreate(self, asked: Body) -> Said:
        """An order code."""
        self.add(asked, None)
        return 200, {"out_trade_no": asked["out_trade_no"], "qr_code": "https://qr.alipay.com/bavh4wjlxf12tper3a"}

    def query(self, asked: Body) -> Said:
        """A trade, once there is one."""
        trade = self.known.get(asked["out_trade_no"], {})
        return (200, trade) if "trade_status" in trade else error("ACQ.TRADE_NOT_EXIST")

    def cancel(self, asked: Body) -> Said:
        """Close or refund, and say which; yes to numbers that nobody knows."""
        number = asked["out_trade_no"]
        if number not in self.known:
            return 200, {"out_trade_no": number, "retry_flag": "N"}
        action = "refund" if self.known[number]["trade_status"] == "TRADE_SUCCESS" else "close"
        self.show(number, "TRADE_CLOSED")
        ref = self.known[number]["trade_no"]
        return 200, {"out_trade_no": number, "trade_no": ref, "retry_flag": "N", "action": action}

    def close(self, asked: Body) -> Said:
        """Only what is unpaid."""
        status, trade = self.query(asked)
        if status != 200 or trade["trade_status"] != "WAIT_BUYER_PAY":
            return (status, trade) if status != 200 else error("ACQ.TRADE_STATUS_ERROR")
        self.show(asked["out_trade_no"], "TRADE_CLOSED")
        return 200, {"out_trade_no": trade["out_trade_no"], "trade_no": trade["trade_no"]}

    def refund(self, asked: Body) -> Said:
        """Once for each number."""
        trade = self.known[asked["out_trade_no"]]
        fresh = asked["out_request_no"] not in trade.setdefault("back", {})
        trade["back"][asked["out_request_no"]] = asked["refund_amount"]
        change = "Y" if fresh else "N"
        named = {"out_trade_no": trade["out_trade_no"], "trade_no": trade["trade_no"]}
        return 200, {**named, "fund_change": change, "refund_fee": asked["refund_amount"]}

    def refund_query(self, asked: Body) -> Said:
        """A refund by its own number; of an unknown one nothing is said."""
        trade, number = self.known[asked["out_trade_no"]], asked["out_request_no"]
        found = trade.get("back", {}).get(number)
        done = {"refund_amount": float(found), "refund_status": "REFUND_SUCCESS"} if found else {}
        return 200, {"out_trade_no": trade["out_trade_no"], "out_request_no": number, **done}


class AlipayServer:
    """The trades behind HTTP on this machine."""

    def __init__(self) -> None:
        self.trades = Trades()
        self.asked: list[str] = []
        answer = self.answer

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                status, headers, said = answer(self.path, dict(self.headers.items()), body)
                self.send_response(status)
                for name, text in {**headers, "content-length": str(len(said))}.items():
                    self.send_header(name, text)
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        """The gateway refuses without a signature of its own; what the business says is signed."""
        lower = {name.lower(): text for name, text in headers.items()}
        if not genuine(path, lower.get("authorization", ""), body):
            return 400, {}, json.dumps({"code": "invalid-signature", "message": "验签出错"}).encode()
        name = path.removeprefix("/v3/alipay/trade/").removeprefix("fastpay/").replace("/", "_")
        self.asked.append(name)
        act: Callable[[Body], Said] = getattr(self.trades, name)
        status, said = act(json.loads(body))
        raw = json.dumps({key: each for key, each in said.items() if key != "back"}, ensure_ascii=False).encode()
        return status, stamped(raw, at=time.time()), raw

    def __enter__(self) -> AlipayServer:
        self.thread = Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def genuine(path: str, authorization: str, body: bytes) -> bool:
    """Whether the app signed this request, not long ago."""
    found = re.fullmatch(r"ALIPAY-SHA256withRSA (app_id=\d+,nonce=\w+,timestamp=(\d{13})),sign=(\S+)", authorization)
    if not found or abs(int(found[2]) / 1000 - time.time()) > 600:
        return False
    message = f"{found[1]}\nPOST\n{path}\n{body.decode()}\n".encode()
    try:
        return bool(verify_with_rsa(bare(public_pem("app")), message, found[3]))
    except rsa.VerificationError:
        return False
