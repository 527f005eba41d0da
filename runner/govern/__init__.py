"""What a policy says about a plan: who must consent, when it may run, how much at once. Pure."""
