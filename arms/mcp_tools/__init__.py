"""Wraps an MCP server as an arm: its tools become capabilities. The only package that imports `mcp`."""
