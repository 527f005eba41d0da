"""From failed backup jobs to playbooks and targets: pure functions of the jobs, the library and the inventory."""
