"""What the city thanks for: action types, submissions, rules, decisions, awards."""
