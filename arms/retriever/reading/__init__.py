"""Reading documents: bytes to chunks of text, in processes that a hostile document can only end, not harm."""
