"""The words of the sandbox's pages, in Chinese and English."""

from __future__ import annotations

from payfallback.testing.sandbox.trades import State

LANGUAGES = ("zh", "en")

WORDS: dict[str, dict[str, str]] = {
    "title": {"zh": "支付沙箱", "en": "Payment sandbox"},
    "books": {"zh": "每个订单在所有渠道实际扣了多少钱", "en": "What each order was really charged, at all providers"},
    "empty": {"zh": "还没有交易。", "en": "No trades yet."},
    "provider": {"zh": "渠道", "en": "Provider"},
    "number": {"zh": "商户单号", "en": "Number"},
    "order": {"zh": "订单", "en": "Order"},
    "what": {"zh": "商品", "en": "Title"},
    "amount": {"zh": "金额", "en": "Amount"},
    "state": {"zh": "状态", "en": "State"},
    "captured": {"zh": "已扣款", "en": "Captured"},
    "refunded": {"zh": "已退款", "en": "Refunded"},
    "held": {"zh": "净收", "en": "Held"},
    "order_twice": {"zh": "重复扣款", "en": "charged more than once"},
    "twice": {"zh": "扣款不止一次", "en": "captured more than once"},
    "shown": {"zh": "仅显示最近的订单", "en": "only the latest orders are shown"},
    "pay": {"zh": "付款", "en": "Pay"},
    "refuse": {"zh": "拒绝", "en": "Refuse"},
    "reason": {"zh": "拒绝原因", "en": "Reason"},
    "back": {"zh": "返回商户", "en": "Back to the shop"},
    "instalments": {"zh": "期", "en": "instalments"},
    "unknown": {"zh": "没有这笔交易。", "en": "There is no such trade."},
    "all": {"zh": "全部交易", "en": "All trades"},
    "play": {"zh": "这里没有真钱：这是测试用的收银台。", "en": "No real money here: a cashier page for tests."},
}

STATES: dict[State, dict[str, str]] = {
    State.CREATED: {"zh": "已创建", "en": "created"},
    State.OPEN: {"zh": "待支付", "en": "waiting for the shopper"},
    State.CONFIRMING: {"zh": "等待输入密码", "en": "waiting for the password"},
    State.PROCESSING: {"zh": "处理中", "en": "processing"},
    State.AUTHORIZED: {"zh": "已预授权", "en": "authorized"},
    State.PAID: {"zh": "已支付", "en": "paid"},
    State.REFUSED: {"zh": "支付失败", "en": "refused"},
    State.CLOSED: {"zh": "已关闭", "en": "closed"},
    State.REVERSED: {"zh": "已撤销", "en": "reversed"},
}

# what a shopper may say no with, on the cashier page
CAUSES = {
    "shopper_cancelled": {"zh": "不想付了", "en": "changed my mind"},
    "credit_exhausted": {"zh": "额度不足", "en": "credit used up"},
    "risk_rejected": {"zh": "风控拒绝", "en": "refused by risk control"},
    "not_activated": {"zh": "未开通", "en": "not activated"},
    "account_frozen": {"zh": "账户冻结", "en": "account frozen"},
}


def language(asked: str | None, accepted: str) -> str:
    """The language of a page: what the address asks for, else what the browser prefers, else Chinese."""
    if asked in LANGUAGES:
        return asked
    return "en" if accepted.strip().lower().startswith("en") else "zh"
