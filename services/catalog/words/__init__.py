"""How text is read for listing and searching, and the words that rows hold."""
