"""Products, orders and downloads."""
