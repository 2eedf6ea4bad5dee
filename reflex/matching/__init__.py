"""The rules' patterns over one text: hyperscan says which may match where, google-re2 has the last word."""
