"""The owner that makes the test worker end its process on the spot."""

POISON = "00000000-0000-7000-8000-00000000dead"
