"""Numbers to judgement."""
