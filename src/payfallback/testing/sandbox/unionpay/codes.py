"""UnionPay's response codes, as far as the sandbox says them. Meanings: the public table of codes."""

from __future__ import annotations

TEXTS = {
    "00": "成功[0000000]",
    "02": "系统未开放或暂时关闭，请稍后再试[0000002]",
    "05": "交易已受理，请稍后查询交易结果[0000005]",
    "10": "报文格式错误[6100030]",
    "11": "验证签名失败[9100004]",
    "12": "重复交易[6131001]",
    "30": "交易未通过，请尝试使用其他银联卡支付或联系95516[0000030]",
    "31": "商户状态不正确[0000031]",
    "32": "无此交易权限[0000032]",
    "34": "查无此交易[2600000]",
    "35": "原交易不存在或状态不正确[2030001]",
    "36": "与原交易信息不符[2040004]",
    "37": "已超过最大查询次数或操作过于频繁[0000037]",
    "38": "银联风险受限[0000038]",
    "63": "卡状态不正确[1000063]",
    "64": "卡上的余额不足[1000051]",
    "66": "输入的卡号、密码等身份信息有误[1000066]",
    "69": "输入超时，交易失败[0000069]",
    "77": "银行卡未开通认证支付[5800077]",
    "98": "文件不存在[0000098]",
}

# The causes for which UnionPay has a code of its own; any other refusal is a 30.
OF_CAUSE = {
    "account_frozen": "63",
    "credit_exhausted": "64",
    "expired": "69",
    "identity_unverified": "66",
    "maintenance": "02",
    "merchant_config": "10",
    "merchant_not_enabled": "31",
    "not_activated": "77",
    "risk_rejected": "38",
}


def of_cause(cause: str) -> str:
    """How UnionPay says why."""
    return OF_CAUSE.get(cause, "30")


class Refusal(Exception):
    """A request that is answered with a code; `detail` is added to its message."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.text = f"{TEXTS[code]}: {detail}" if detail else TEXTS[code]
