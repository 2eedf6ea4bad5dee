"""The learned score: n-grams and concepts of a text, and the weights that were trained on them."""
