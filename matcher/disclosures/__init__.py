"""What leaves a batch: lists, claim and published summaries, the report; all as bytes by relative path."""
