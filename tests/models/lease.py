#!/usr/bin/env python3
"""Two machines, one lease with epochs, and a target outside the state's database: every interleaving of an old holder
that freezes anywhere and a new one that takes over, applies what was decided, and lands a run of its own.

usage: python3 lease.py
       every variant; exits 1 if one is not as expected

The state holds the newest epoch and the decided runs. The target holds the runs that were applied, in order, the run
ids it remembers, and the highest epoch it has seen. With `replace`, what was applied last is what is visible. Right is:
decided runs become visible in the order of their decisions, each of them once.
"""
import sys
from typing import NamedTuple

# Where the old holder stands (epoch 1).
CHECK, DECIDE, LOOK_AGAIN, APPLY, GONE = range(5)
# Where the new holder stands (epoch 2).
TAKE_OVER, RECOVER, DECIDE_OWN, APPLY_OWN, LANDED, PRUNED = range(6)


class State(NamedTuple):
    old: int = CHECK
    new: int = TAKE_OVER
    epoch: int = 1
    decided: tuple = ()
    applied: tuple = ()
    known: tuple = ()      # run ids that the target remembers
    fence: int = 0         # the highest epoch that the target has seen
    passed: bool = False   # what the old holder's last check said


class Rules(NamedTuple):
    one_transaction: bool  # the check of the epoch and the write are one transaction
    fence: bool            # the target refuses an older epoch than it has seen
    remember: bool         # the target never forgets run ids


def put(rules, s, run, by):
    """Applies a run in the target: idempotent by run id, fenced by epoch if the rules say so."""
    if rules.fence and by < s.fence:
        return s
    s = s._replace(fence=max(s.fence, by))
    return s if run in s.known else s._replace(applied=s.applied + (run,), known=s.known + (run,))


def old_holder(rules, s):
    decided = s._replace(old=LOOK_AGAIN, decided=s.decided + ('old',), passed=True)
    if s.old == CHECK and rules.one_transaction:
        return [decided if s.epoch == 1 else s._replace(old=GONE)]
    if s.old == CHECK:
        return [s._replace(old=DECIDE, passed=s.epoch == 1)]
    if s.old == DECIDE:
        return [decided if s.passed else s._replace(old=GONE)]
    if s.old == LOOK_AGAIN:
        return [s._replace(old=APPLY, passed=s.epoch == 1)]
    if s.old == APPLY:
        return [(put(rules, s, 'old', 1) if s.passed else s)._replace(old=GONE)]
    return []


def new_holder(rules, s):
    if s.new == TAKE_OVER:
        return [s._replace(new=RECOVER, epoch=2)]
    if s.new == RECOVER:
        s = s._replace(new=DECIDE_OWN, fence=2 if rules.fence else s.fence)  # the fence goes up first
        if 'old' in s.decided and 'old' not in s.known:
            s = s._replace(applied=s.applied + ('old',), known=s.known + ('old',))
        return [s]
    if s.new == DECIDE_OWN:
        return [s._replace(new=APPLY_OWN, decided=s.decided + ('new',))]
    if s.new == APPLY_OWN:
        return [put(rules, s, 'new', 2)._replace(new=LANDED)]
    if s.new == LANDED and not rules.remember:
        return [s._replace(new=PRUNED, known=tuple(run for run in s.known if run != 'old'))]
    return []


def faults(s):
    if len(set(s.applied)) < len(s.applied):
        yield 'a run landed twice'
    if s.applied and s.applied[-1] != 'new':
        yield 'the older result covers the newer'
    if 'old' in s.decided and 'old' not in s.applied:
        yield 'decided and never landed'
    if 'old' in s.applied and 'new' in s.applied and s.applied.index('old') > s.applied.index('new'):
        yield 'landed out of order'


def explore(rules):
    seen, stack, bad = set(), [State()], set()
    while stack:
        s = stack.pop()
        if s in seen:
            continue
        seen.add(s)
        stack += old_holder(rules, s) + new_holder(rules, s)
        if s.old == GONE and s.new >= LANDED:
            bad.update(faults(s))
    return len(seen), sorted(bad)


VARIANTS = [  # name, rules, whether it must be clean
    ('check, then write: two transactions', Rules(False, False, True), False),
    ('check and write in one transaction; target without a fence; ids remembered', Rules(True, False, True), True),
    ('the same, ids of ended runs pruned in the target', Rules(True, False, False), False),
    ('two transactions, fence in the target', Rules(False, True, True), False),
    ('one transaction, fence in the target raised by the takeover, ids pruned', Rules(True, True, False), True),
]


def main():
    wrong = 0
    for name, rules, clean in VARIANTS:
        states, bad = explore(rules)
        as_expected = clean == (not bad)
        wrong += not as_expected
        print(f"{'ok' if as_expected else 'NOT AS EXPECTED'} {states:4} states  {name}: {', '.join(bad) or 'clean'}")
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
