"""The drill: a fit run in which everything that can die does, and nothing may be lost.

By hand: ``make drill``, or ``python -m tests.compute.work.drill --faults 200``.
"""
