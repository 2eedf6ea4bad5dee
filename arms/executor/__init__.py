"""The executor arm: runs code, commands and HTTP requests under strict limits."""
