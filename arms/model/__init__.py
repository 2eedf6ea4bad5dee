"""The model layer: which models there are, how the local one gets here and runs, one way to ask any."""
