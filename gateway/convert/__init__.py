"""Generated messages -> the REST shapes, by hand: protobuf's own JSON is slow, and shaped otherwise."""
