"""What every process needs; knows no music."""
