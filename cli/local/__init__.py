"""What the machine itself may do without an API key: whoever may read its key file is its operator."""
