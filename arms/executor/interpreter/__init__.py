"""Short Python expressions by a small interpreter that is ready and waiting, itself inside the sandbox."""
