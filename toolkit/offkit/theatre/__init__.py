"""What shows a conversion: a player for terminals, asciicasts, a page that plays itself."""
