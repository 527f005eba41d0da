"""The command line: words in, exit code out. Everything that is decided or done is decided and done elsewhere."""
