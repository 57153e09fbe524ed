"""How WeChat Pay says no: `code` and `message` in a signed JSON body, with an HTTP status.

The names of the codes are WeChat Pay's; which HTTP status each comes with is documented for SIGN_ERROR (401),
FREQUENCY_LIMITED (429) and SYSTEM_ERROR (500), and an assumption for the others.
"""

from __future__ import annotations

# code -> (HTTP status, message)
ERRORS: dict[str, tuple[int, str]] = {
    "PARAM_ERROR": (400, "参数错误"),
    "INVALID_REQUEST": (400, "无效请求"),
    "APPID_MCHID_NOT_MATCH": (400, "appid和mchid不匹配"),
    "MCH_NOT_EXISTS": (400, "商户号不存在"),
    "NO_STATEMENT_EXIST": (400, "账单文件不存在"),
    "ORDER_PAID": (400, "该订单已支付"),
    "ORDER_CLOSED": (400, "该订单已关闭"),
    "SIGN_ERROR": (401, "签名错误"),
    "NO_AUTH": (403, "商户无权限"),
    "ACCOUNT_ERROR": (403, "用户账号异常"),
    "RULE_LIMIT": (403, "业务规则限制"),
    "NOTENOUGH": (403, "余额不足"),
    "TRADE_ERROR": (403, "交易错误"),
    "REFUND_EXCEED": (400, "退款金额超过可退金额"),
    "RESOURCE_ALREADY_EXISTS": (400, "退款单号已使用"),
    "RESOURCE_NOT_EXISTS": (404, "退款单不存在"),
    "ORDER_NOT_EXIST": (404, "订单不存在"),
    "FREQUENCY_LIMITED": (429, "请求过于频繁"),
    "SYSTEM_ERROR": (500, "系统异常"),
}

# The causes for which WeChat Pay has a code of its own. Any other refusal shows only as a trade that failed.
OF_CAUSE = {
    "account_frozen": "ACCOUNT_ERROR",
    "risk_rejected": "RULE_LIMIT",
    "credit_exhausted": "NOTENOUGH",
    "merchant_not_enabled": "NO_AUTH",
    "merchant_config": "APPID_MCHID_NOT_MATCH",
}


class ApiError(Exception):
    """A request that is answered with an error code; `detail` is added to its message."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.status, message = ERRORS[code]
        self.message = f"{message}: {detail}" if detail else message
