"""From playbook, target, parameters and facts to a plan; pure. What must be looked at is yielded, never fetched."""
