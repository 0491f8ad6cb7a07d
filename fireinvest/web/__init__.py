"""HTTP: the only place where Flask and WTForms are spoken."""
