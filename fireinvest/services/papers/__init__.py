"""The official papers of a case: made from what is on record, and kept from draft to receipt."""
