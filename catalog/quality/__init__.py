"""Quality: flags that fits and stars earn by what the whole sample shows, in runs of their own."""
