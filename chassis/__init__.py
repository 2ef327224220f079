"""What every process needs. It knows nothing about music."""
