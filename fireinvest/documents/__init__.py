"""Official papers and tables; knows no web and no database."""
