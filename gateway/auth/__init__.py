"""Who is calling: tokens and API keys, the keys that verify them, the trail of what was refused."""
