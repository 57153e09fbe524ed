"""Deciding, as pure values and functions: no clock, thread, socket, event loop, logging or randomness in here."""
