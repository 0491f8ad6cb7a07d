"""How a case moves under the rule: pure, imports the regulation only."""
