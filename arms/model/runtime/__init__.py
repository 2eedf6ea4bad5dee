"""The local model's server: llama.cpp in a process of its own, on a loopback port, speaking OpenAI's API."""
