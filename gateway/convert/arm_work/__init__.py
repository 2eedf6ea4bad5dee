"""Work of the arms: from the REST request to the proto, and back, one module an arm."""
