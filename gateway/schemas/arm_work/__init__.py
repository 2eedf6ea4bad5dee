"""What the arms take and give on their own routes, one module an arm."""
