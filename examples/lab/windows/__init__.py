"""Windows targets for the lab: a WS-Man endpoint, and Wine behind it."""
