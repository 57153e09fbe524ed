"""How Alipay says no. Names: the error models of the official v3 SDK and the list of the v2 gateway.

A business error is the same on both doors: v3 says it as `code` with HTTP 400, the gateway as `sub_code` below 40004.
Which HTTP status v3 gives a code, and that it signs business errors, are assumptions.
"""

from __future__ import annotations

# a code of the business -> its words
BUSINESS: dict[str, str] = {
    "ACQ.INVALID_PARAMETER": "参数无效",
    "ACQ.ACCESS_FORBIDDEN": "无权限使用接口",
    "ACQ.INVALID_RECEIVE_ACCOUNT": "该收款账户不支持",
    "ACQ.TRADE_NOT_EXIST": "交易不存在",
    "ACQ.TRADE_HAS_SUCCESS": "交易已被支付",
    "ACQ.TRADE_HAS_CLOSE": "交易已经关闭",
    "ACQ.TRADE_STATUS_ERROR": "交易状态不合法",
    "ACQ.CONTEXT_INCONSISTENT": "交易信息被篡改",
    "ACQ.APPLY_PC_MERCHANT_CODE_ERROR": "申请二维码失败",
    "ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR": "当前时间已超过允许支付的时间",
    "ACQ.PAYMENT_AUTH_CODE_INVALID": "支付授权码无效",
    "ACQ.PAYMENT_FAIL": "支付失败",
    "ACQ.PAYMENT_REQUEST_HAS_RISK": "支付有风险",
    "ACQ.BUYER_BANKCARD_BALANCE_NOT_ENOUGH": "买家余额不足",
    "ACQ.BUYER_ENABLE_STATUS_FORBID": "买家状态非法",
    "ACQ.ERROR_BUYER_CERTIFY_LEVEL_LIMIT": "买家未通过人行认证",
    "ACQ.BUYER_NOT_EXIST": "买家不存在",
    "ACQ.MERCHANT_PERM_RECEIPT_SUSPEND_LIMIT": "商户暂停收款",
    "ACQ.REASON_TRADE_BEEN_FREEZEN": "交易被冻结",
    "ACQ.SELLER_BALANCE_NOT_ENOUGH": "商户余额不足",
    "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL": "退款金额超限",
    "ACQ.DISCORDANT_REPEAT_REQUEST": "请求信息不一致",
    "isp.bill_not_exist": "账单不存在",  # so merchants meet it on both doors; the model spells it BILL_NOT_EXIST
    "INVAILID_ARGUMENTS": "入参不合法",
    "TYPE_NOT_SUPPORTED": "不支持的账单类型",
}

# a common code of v3 -> (the gateway's code, message and sub_code, the words)
GATEWAY: dict[str, tuple[str, str, str, str]] = {
    "invalid-signature": ("40002", "Invalid Arguments", "isv.invalid-signature", "验签出错"),
    "missing-signature": ("40001", "Missing Required Arguments", "isv.missing-signature", "缺少签名参数"),
    "invalid-app-id": ("40002", "Invalid Arguments", "isv.invalid-app-id", "无效的AppID参数"),
    "invalid-timestamp": ("40002", "Invalid Arguments", "isv.invalid-timestamp", "非法的时间戳参数"),
    "invalid-method": ("40002", "Invalid Arguments", "isv.invalid-method", "不存在的方法名"),
    "app-cert-not-exist": ("40002", "Invalid Arguments", "isv.app-cert-not-exist", "应用证书不存在"),
    "invalid-alipay-root-cert-sn": (
        "40002",
        "Invalid Arguments",
        "isv.invalid-alipay-root-cert-sn",
        "根证书序列号错误",
    ),
    "invalid-app-auth-token": (
        "20001",
        "Insufficient Token Permissions",
        "aop.invalid-app-auth-token",
        "无效的应用授权令牌",
    ),
    "app-call-limited": ("40005", "Call Limited", "isv.app-call-limited", "应用调用次数超限"),
}

# The causes for which Alipay has a code; any other refusal is PAYMENT_FAIL.
OF_CAUSE = {
    "credit_exhausted": "ACQ.BUYER_BANKCARD_BALANCE_NOT_ENOUGH",
    "risk_rejected": "ACQ.PAYMENT_REQUEST_HAS_RISK",
    "account_frozen": "ACQ.BUYER_ENABLE_STATUS_FORBID",
    "identity_unverified": "ACQ.ERROR_BUYER_CERTIFY_LEVEL_LIMIT",
    "not_activated": "ACQ.BUYER_NOT_EXIST",
    "merchant_not_enabled": "ACQ.ACCESS_FORBIDDEN",
    "merchant_paused": "ACQ.MERCHANT_PERM_RECEIPT_SUSPEND_LIMIT",
    "merchant_config": "ACQ.INVALID_PARAMETER",
}
AT_ONCE = frozenset({"merchant_not_enabled", "merchant_paused", "merchant_config"})  # said before any shopper acts


class ApiError(Exception):
    """A request that is answered with an error code, of the business or of the gateway."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        words = BUSINESS[code] if code in BUSINESS else GATEWAY[code][3]
        self.message = f"{words}: {detail}" if detail else words
