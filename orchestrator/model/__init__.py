"""The words of the domain; they import nothing but each other."""
