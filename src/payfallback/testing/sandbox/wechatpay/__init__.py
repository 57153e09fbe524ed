"""WeChat Pay APIv3, as its servers behave."""
