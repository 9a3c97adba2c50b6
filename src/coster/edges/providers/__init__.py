"""The outside that the program uses: today the one server that takes its letters."""
