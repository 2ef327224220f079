"""Figures of a subject over windows of UTC days."""
