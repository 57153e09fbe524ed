"""How the sandbox's JD Pay says no.

JD's list of V2.0 result codes is not public: only 000000 is known, and that a failure carries neither encryption nor
signature. So every code here is the sandbox's own, spelled so that nobody takes it for JD's.
"""

from __future__ import annotations

FAILURES = {
    "SANDBOX_XML": "报文格式错误 (malformed request)",
    "SANDBOX_DECRYPT": "解密失败 (cannot decrypt)",
    "SANDBOX_SIGN": "验签失败 (signature does not hold)",
    "SANDBOX_MERCHANT": "商户号或版本号错误 (unknown merchant or version)",
    "SANDBOX_PARAM": "参数错误 (bad field)",
    "SANDBOX_TRADE_NOT_FOUND": "交易不存在 (no such trade)",
    "SANDBOX_DUPLICATE_TRADE": "交易流水号重复 (number already used)",
    "SANDBOX_EXPIRED": "订单已失效 (past its expiry)",
    "SANDBOX_TERM": "不支持该分期期数 (instalments not offered for this amount)",
    "SANDBOX_NOT_PAID": "原交易未支付 (the trade was not paid)",
    "SANDBOX_OVER_REFUND": "退款金额超限 (more than is left)",
    "SANDBOX_AMOUNT": "金额与原交易不符 (another amount than the trade's)",
    "SANDBOX_CLOSE_REFUSED": "当前状态不可撤销 (cannot be revoked now)",
    "SANDBOX_BUSY": "请求过于频繁 (too many requests)",
    "SANDBOX_UNAVAILABLE": "服务不可用 (service unavailable)",
}

UNREADABLE = {
    "xml": "SANDBOX_XML",
    "encrypt": "SANDBOX_DECRYPT",
    "sign": "SANDBOX_SIGN",
    "merchant": "SANDBOX_MERCHANT",
}


class JdFailure(Exception):
    """A request that is answered with a failure code; `detail` is added to its text."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.text = f"{FAILURES[code]}: {detail}" if detail else FAILURES[code]
