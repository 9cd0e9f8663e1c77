"""Settings: declared once, shown and read from there by every face."""
