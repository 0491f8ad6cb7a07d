"""What the rule says: pure, without database, web or clock."""
