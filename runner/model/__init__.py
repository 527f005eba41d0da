"""The nouns of vmfix, as frozen values: nothing in here does input or output."""
