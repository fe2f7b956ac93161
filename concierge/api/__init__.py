"""Plain HTTP: chat completions, models, client secrets, sessions, health, the shop and its page."""
