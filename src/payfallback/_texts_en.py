"""The texts in English (en). The rules they keep stand in `messages.py`."""

from __future__ import annotations

from payfallback.taxonomy import Cause

JOIN = " "

SHOPPER = {
    "paid": "Your payment is complete.",
    "action_required": "One more step: please finish the payment as shown. The result appears here by itself.",
    "not_paid": "You have not been charged.",
    "pending": "We are confirming your payment. Please do not pay again; your order page will show the result.",
    "option": "",
}

SUPPORT = {
    "paid": "The money is received and recorded; the order can be shipped as usual.",
    "action_required": "The shopper still has to scan, follow a link or confirm in an app. Take no other payment now.",
    "not_paid": "Certainly not charged, and nothing is open: the shopper can safely choose again.",
    "pending": (
        "Not known yet; the provider is being asked. Let nobody pay again, and do not promise that nothing was charged."
    ),
    "option": "Not offered before the click; nothing was tried.",
}

CONFIRMING = {
    Cause.AWAITING_SHOPPER: (
        "If you have not paid yet, please go on in the page or app that opened; if you have, this takes a moment."
    ),
    Cause.AWAITING_PROVIDER: "It is being processed, which usually does not take long.",
    Cause.AMOUNT_MISMATCH: (
        "Our staff are checking the amount. If you need help, please contact us with your order number."
    ),
    Cause.CONTRADICTION: (
        "Our staff are checking the result. If you need help, please contact us with your order number."
    ),
    Cause.REFUND_STUCK: (
        "Some money is on its way back to you. If you need help, please contact us with your order number."
    ),
    Cause.SURPLUS_RETURNING: "Some money is on its way back to you; how long that takes is up to the payment company.",
}

LABELS = ("{name}, {terms} instalments", "{name}, in full")
RETURNED = ("What you paid for this order has been refunded.", "All that was received went back; nothing is open.")
UNAVAILABLE = "This way of paying is not available at the moment; please choose another."
_UNEXPLAINED = "This way of paying cannot be used this time. Please choose another, or ask the company behind it."

CAUSES = {
    Cause.PROVIDER_ERROR: (
        "This way of paying is having technical trouble. Please try again later, or choose another.",
        "A fault inside the provider. Suggest another way only once it is certain that nothing was charged; if many "
        "orders show it, look at the channel's status and contact the provider.",
    ),
    Cause.API_FAILURE: (
        "We cannot reach this way of paying properly right now. Please try again later, or choose another.",
        "The interface gave no answer that can be relied on. Suggest another way only once it is certain that nothing "
        "was charged; if it repeats, have the integration checked.",
    ),
    Cause.NETWORK: (
        "The connection is unstable. Please check your network and try again, or choose another way to pay.",
        "The network to the provider broke. One shopper: another network may do. Many: the line is ours or theirs.",
    ),
    Cause.MAINTENANCE: (
        "This way of paying is closed for maintenance. Please choose another for now.",
        "The provider is under maintenance; trying again before it ends is useless. Offer another way.",
    ),
    Cause.TIMEOUT: (
        "This way of paying did not answer in time. Please choose another, or try again later.",
        "The provider did not answer in time; what its query says counts. If many orders show it, tell on-call.",
    ),
    Cause.RATE_LIMITED: (
        "Many people are using this way of paying. Please try again in a little while, or choose another.",
        "The provider limited our request rate and processed nothing. It passes; if frequent, ask for a higher limit.",
    ),
    Cause.LIMIT_GLITCH: (
        "Your credit limit is not shown correctly at the moment, which usually mends itself soon. Please try again "
        "shortly, or choose another way to pay.",
        "The limit is shown wrongly (0.50 yuan, say), mostly from an upgrade or a network fault at the provider. Ask "
        "the shopper to reload later; if many see it, contact the provider.",
    ),
    Cause.CREDIT_EXHAUSTED: (
        "Your available credit does not cover this order. It returns as you repay; please choose another way for now.",
        "Not enough available credit. Suggest repaying, a smaller order, or another way to pay.",
    ),
    Cause.LIMIT_REDUCED: (
        "Your credit limit has changed and does not cover this order. The payment app has the details; please choose "
        "another way for now.",
        "The provider lowered the limit; only it knows why. The shopper can see it in its app. A surge: tell on-call.",
    ),
    Cause.CREDIT_SCORE: (
        "This credit cannot be used for the order at present. The payment app has the details; please choose another "
        "way for now.",
        "The credit assessment did not pass. Do not judge it; repaying on time and a complete profile help later.",
    ),
    Cause.OVERDUE: (
        "Your credit account has a bill to settle; it works again after that. Please choose another way for now.",
        "A bill is overdue. The shopper settles it in the provider's app; until then another way is needed.",
    ),
    Cause.NOT_ACTIVATED: (
        "This way of paying is not set up yet. Please activate it in the payment app and return, or choose another.",
        "The shopper has not activated or linked it. Show where to activate it in the provider's app, then try again.",
    ),
    Cause.ACCOUNT_FROZEN: (
        "Your account there cannot make payments at present. Please look in the payment app or ask its support, and "
        "choose another way for now.",
        "The provider suspended the account, mostly to protect it. Only its owner can ask the provider to lift that.",
    ),
    Cause.IDENTITY_UNVERIFIED: (
        "Your account there is not complete. Please verify your identity in the payment app and return, or choose "
        "another way.",
        "Identity not verified, or details missing. Show the shopper where to complete them, then try again.",
    ),
    Cause.RISK_REJECTED: (
        _UNEXPLAINED,
        "The provider's risk control did not allow it; we do not know why. Say nothing of it to the shopper and do not "
        "guess: they can ask the provider. A surge: tell on-call.",
    ),
    Cause.IP_RESTRICTED: (
        "This way of paying does not work from your network. Please try another one, such as mobile data, or choose "
        "another way to pay.",
        "The provider restricts the shopper's network address. Another network usually does.",
    ),
    Cause.CLIENT_ENVIRONMENT: (
        "The payment page did not open properly. Please reload it, switch browser extensions off or use another "
        "browser; you can also choose another way to pay.",
        "The shopper's browser or app disturbed the payment page: clear the cache, disable extensions, other device.",
    ),
    Cause.REGULATORY: (
        "This way of paying is not offered in your region at present; please choose another.",
        "Not supported in this region or case, by regulation or platform policy. Trying again is useless.",
    ),
    Cause.ITEM_NOT_ELIGIBLE: (
        "Something in this order cannot be paid in instalments. Please pay in full, or choose another way.",
        "An item or category without instalments. Paying in full may work; mark such items on their pages.",
    ),
    Cause.TERM_NOT_SUPPORTED: (
        "This order cannot be paid over the period you chose. Please choose another period or another way to pay.",
        "The chosen number of instalments is not supported: other terms, in full, or another way.",
    ),
    Cause.DOWN_PAYMENT_REQUIRED: (
        "Instalments for this order need a down payment first. Please pay it as shown, or choose another way.",
        "An expensive item that needs a down payment: down payment plus balance, or another way.",
    ),
    Cause.MERCHANT_NOT_ENABLED: (
        "Our shop does not offer this way of paying yet; please choose another.",
        "The merchant account is not enabled for this product. Tell whoever manages payments to apply for it.",
    ),
    Cause.MERCHANT_PAUSED: (
        "Our shop has paused this way of paying; please choose another.",
        "The merchant switched it off for now (instalments in the high season, say). Offer another way.",
    ),
    Cause.AGREEMENT_OUTDATED: (
        "Our shop cannot offer this way of paying right now; please choose another.",
        "The agreement with the provider is out of date. Tell whoever manages payments to renew it.",
    ),
    Cause.MERCHANT_CONFIG: (
        "Our shop cannot offer this way of paying right now; please choose another.",
        "Signature, certificate or parameters are wrong, for every order alike. Tell the engineers on call at once.",
    ),
    Cause.SHOPPER_CANCELLED: (
        "You cancelled the payment. You can pay again whenever you like, or choose another way.",
        "The shopper cancelled. It is theirs to decide whether and how to pay.",
    ),
    Cause.UNRECOGNISED: (
        "What this way of paying answered needs a check. Please choose another way, or contact us.",
        "The provider gave a code that is not in our tables; what its query says counts. Pass the order on to the "
        "engineers, so that the code is added.",
    ),
    Cause.DECLINED: (
        _UNEXPLAINED,
        "The provider refused and keeps the reason to itself. The shopper can ask the provider, or choose another way.",
    ),
    Cause.AWAITING_SHOPPER: (
        "The payment was not confirmed yet. You can go on with it, or choose another way.",
        "The shopper has not confirmed in the page or app. If they want another way, this one is closed first.",
    ),
    Cause.AWAITING_PROVIDER: (
        "This way of paying is slower than usual. Please look again later, or contact us.",
        "The provider has accepted it and not decided. Wait for its answer or notification.",
    ),
    Cause.CIRCUIT_OPEN: (
        "",
        "The channel had too many faults lately and its circuit is open: it was passed over, nothing was sent to it. "
        "It is tried again by itself.",
    ),
    Cause.CHANNEL_BUSY: (
        "",
        "As many calls to the channel were under way as allowed (max_in_flight); nothing was sent to it. It passes.",
    ),
    Cause.CHANNEL_STOPPED: (
        "",
        "The channel was stopped by hand; nothing was sent to it. `payfallback status` tells why and until when.",
    ),
    Cause.RETRY_BUDGET: (
        "",
        "The channel's budget of retries is used up; no more are made, to spare the provider.",
    ),
    Cause.REFUSED_RECENTLY: (
        "",
        "The channel refused this shopper a short while ago and is not tried again yet; it will be offered later.",
    ),
    Cause.NOT_CONSENTED: (
        "Please choose a way of paying that suits you; we never change it without your consent.",
        "The shopper did not agree to another way or other terms, so none was taken. They choose.",
    ),
    Cause.INPUT_MISSING: (
        "",
        "Something that the channel needs of the shopper is missing (openid, payment code); nothing was sent. Have "
        "the checkout page checked.",
    ),
    Cause.NO_ROUTE: (
        "This order cannot be paid online at the moment; please contact us.",
        "No configured route fits this order. Tell whoever keeps the configuration; `payfallback explain` shows it.",
    ),
    Cause.TIME_UP: (
        "",
        "The time for this call was up without a result; it goes on being asked in the background.",
    ),
    Cause.EXPIRED: (
        "The time to pay this order has passed. If you still want it, please order again.",
        "Past its time limit; what was open is closed, and money that arrives later goes back. A new order is needed.",
    ),
    Cause.CANCELLED: (
        "This order was cancelled. If you still want it, please order again.",
        "The order was cancelled; nothing more is charged, and money that arrives later goes back.",
    ),
    Cause.AMOUNT_MISMATCH: (
        "The amount paid differs from the order's, and our staff are checking. Please contact us with your order "
        "number.",
        "The provider reports another amount or currency than the order's. A person must look at the trade in the "
        "provider's console and decide: ship or refund.",
    ),
    Cause.CONTRADICTION: (
        "Our staff are checking the result of this payment. Please contact us with your order number.",
        "The provider contradicts itself. A person must look: its statement counts.",
    ),
    Cause.CRASHED: (
        "",
        "The process that handled this payment stopped half-way; whether it was sent is uncertain. It is asked first.",
    ),
    Cause.JOURNAL_UNAVAILABLE: (
        "",
        "The payment journal cannot be read or written. Tell on-call at once; what was sent is followed up after that.",
    ),
    Cause.REFUND_STUCK: (
        "A refund is still under way. Please contact us with your order number.",
        "The provider has not confirmed a refund after many tries. A person must check its console and refund there if "
        "needed; it goes on being asked.",
    ),
    Cause.SURPLUS_RETURNING: (
        "Some money is on its way back to you. Please do not pay again before it has arrived.",
        "A payment arrived after the order had expired, was cancelled or was paid otherwise, and goes back by itself. "
        "Take no other payment before that.",
    ),
    Cause.REFUNDED: (
        "How soon it arrives is up to the payment company. If you still want the order, please order again.",
        "The merchant refunded the order in full. If the shopper still wants it, a new order is needed.",
    ),
}
