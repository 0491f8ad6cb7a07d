"""Fire-accident investigations, from the alarm to the one-year review.

Empty on purpose: reading the rule must import neither the web nor the database.
"""
