"""Text -> nouns, with the position of everything; pure: the app hands in what files say."""
