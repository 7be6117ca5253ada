#!/usr/bin/env python3
"""Search for deadlocks: strands that wait for room at targets, for their turn, for a slot of a rate, for a renewed token.

usage: python3 rooms.py [--random N]
       every variant exhaustively, then N random configurations of the right rules; exits 1 if one is not as expected

Semaphores behave as tokio's: first come, first served, and a large request at the head holds back small ones. A target
takes from its queue whenever it likes and gives the bytes back. A strand is a list of acts, and every interleaving is
explored. A state in which nobody can move and not everything is done is a deadlock.

  ('get', semaphore, n)   wait in line for n
  ('put', target, n)      hand over n bytes; the target frees them later
  ('give', semaphore, n)  give n back
  ('turn', i)             wait until item i is the head
  ('done', i)             item i has ended
"""
import random
import sys

BUDGET = 8


def explore(strands, budgets, limit=2_000_000):
    """How many states there are, the deadlocks among them, and whether the search was cut short."""
    names = sorted(budgets)
    at = {name: k for k, name in enumerate(names)}
    start = (tuple(0 for _ in strands), tuple(budgets[n] for n in names), tuple(() for _ in names),
             tuple(0 for _ in names), 0)
    seen, stack, dead = set(), [start], []
    while stack:
        state = stack.pop()
        if state in seen:
            continue
        seen.add(state)
        if len(seen) > limit:
            return len(seen), dead, True
        after = moves(strands, names, at, state)
        if not after and any(pc < len(acts) for pc, acts in zip(state[0], strands)):
            dead.append(state)
        stack.extend(after)
    return len(seen), dead, False


def replaced(values, k, value):
    return values[:k] + (value,) + values[k + 1:]


def moves(strands, names, at, state):
    pcs, free, lines, queued, head = state
    out = []

    def push(pcs=pcs, free=free, lines=lines, queued=queued, head=head):
        out.append((pcs, free, lines, queued, head))

    for k in range(len(names)):  # targets drain
        if queued[k]:
            push(free=replaced(free, k, free[k] + queued[k]), queued=replaced(queued, k, 0))

    for i, acts in enumerate(strands):
        if pcs[i] == len(acts):
            continue
        act, step = acts[pcs[i]], replaced(pcs, i, pcs[i] + 1)
        if act[0] == 'get':
            k, n = at[act[1]], act[2]
            line = lines[k]
            if i not in line:
                push(lines=replaced(lines, k, line + (i,)))
            elif line[0] == i and free[k] >= n:
                push(pcs=step, free=replaced(free, k, free[k] - n), lines=replaced(lines, k, line[1:]))
        elif act[0] == 'put':
            k = at[act[1]]
            push(pcs=step, queued=replaced(queued, k, queued[k] + act[2]))
        elif act[0] == 'give':
            k = at[act[1]]
            push(pcs=step, free=replaced(free, k, free[k] + act[2]))
        elif act[0] == 'turn' and act[1] == head:
            push(pcs=step)
        elif act[0] == 'done' and act[1] == head:
            push(pcs=step, head=head + 1)
    return out


def page(parts, order=None, clamp=True, one_room=True):
    """The acts of one page with these parts [(target, bytes), ...]: room for all, then the puts."""
    acts, puts = [], []
    if one_room:
        sums = {}
        for target, n in parts:
            sums[target] = sums.get(target, 0) + n
        parts = [(target, sums[target]) for target in (order or sorted(sums)) if target in sums]
    for target, n in parts:
        n = min(n, BUDGET) if clamp else n
        acts.append(('get', target, n))
        puts.append(('put', target, n))
    return acts + puts


def get(name):
    return [('get', name, 1)]


def give(name):
    return [('give', name, 1)]


A, B = 'a', 'b'
TWO = {A: BUDGET, B: BUDGET}
SENT = get('rate') + give('rate')
RENEWED_IN_SLOT = get('rate') + get('token') + get('rate') + give('rate') + give('token') + give('rate')
RENEWED_OUTSIDE = SENT + get('token') + SENT + give('token') + SENT

VARIANTS = [  # name, whether a deadlock must be found, strands, budgets
    ('plan order, one room a target, clamped', False,
     [page([(A, 6), (B, 6)]) * 2, page([(B, 3), (A, 7)]) * 2, page([(A, 20)]) * 2], TWO),
    ('order of the `write:` list', True,
     [page([(A, 6), (B, 6)], order=[A, B]), page([(B, 6), (A, 6)], order=[B, A])], TWO),
    ('a room for each part (puts 5, deletes 5 of one target)', True,
     [page([(A, 5), (A, 5)], one_room=False)], TWO),
    ('a room for each piece of 8 of a page of 20', True,
     [page([(A, 8), (A, 8), (A, 4)], one_room=False)], TWO),
    ('two strands, two parts each of 3 (each fits alone)', True,
     [page([(A, 3), (A, 3)], one_room=False)] * 2, {A: 6, B: BUDGET}),
    ('page larger than the room, not clamped', True,
     [page([(A, 20)], clamp=False)], TWO),
    ('ordered: rooms first, then the turn', True,
     [page([(A, 6)])[:1] + [('turn', i)] + page([(A, 6)])[1:] + [('done', i)] for i in range(2)], TWO),
    ('ordered: the turn first, then rooms', False,
     [[('turn', i)] + page([(A, 6), (B, 6)]) * 2 + [('done', i)] for i in range(3)], TWO),
    ('a slot of the rate (concurrency 1) held while the token is renewed', True,
     [RENEWED_IN_SLOT], {'rate': 1, 'token': 1}),
    ('slots (concurrency 2) held by two strands that both got 401', True,
     [RENEWED_IN_SLOT] * 2, {'rate': 2, 'token': 1}),
    ('the slot is given back before the answer is judged', False,
     [RENEWED_OUTSIDE + page([(A, 6), (B, 6)])] * 3, {**TWO, 'rate': 1, 'token': 1}),
    ('the slot is held until the page has landed, ordered', True,
     [get('rate') + [('turn', i)] + page([(A, 6)]) + [('done', i)] + give('rate') for i in (1, 0)], {**TWO, 'rate': 1}),
    ('nested loops: inner strands take slots of one shared `concurrency` of 1 that the outer holds', True,
     [get('lanes') * 2 + give('lanes') * 2], {'lanes': 1}),
]


def random_strands(rng):
    names = ['a', 'b', 'c'][:rng.randint(1, 3)]
    ordered = rng.random() < .4
    strands = []
    for i in range(rng.randint(2, 4)):
        acts = []
        for _ in range(rng.randint(1, 2)):
            targets = rng.sample(names, rng.randint(1, len(names)))
            parts = [(t, rng.choice([1, 3, 5, 8, 20])) for t in targets for _ in range(rng.randint(1, 2))]
            acts += SENT if rng.random() < .5 else []
            acts += ([('turn', i)] if ordered else []) + page(parts)
        strands.append(tuple(acts + ([('done', i)] if ordered else [])))
    return strands, {**{name: BUDGET for name in names}, 'rate': rng.randint(1, 2)}


def search_at_random(count):
    rng, total, wrong = random.Random(1), 0, 0
    for _ in range(count):
        strands, budgets = random_strands(rng)
        states, dead, _ = explore(strands, budgets, 300_000)
        total += states
        if dead:
            print('DEADLOCK', strands, dead[0])
            wrong += 1
    print(f"{count} random configurations of the right rules, {total} states, {wrong} wrong")
    return wrong


def main():
    wrong = 0
    for name, expected, strands, budgets in VARIANTS:
        states, dead, cut = explore([tuple(s) for s in strands], budgets)
        as_expected = bool(dead) == expected and not cut
        wrong += not as_expected
        print(f"{'ok' if as_expected else 'NOT AS EXPECTED'} {len(dead):4} deadlocks in {states:7} states  {name}")
    if '--random' in sys.argv:
        wrong += search_at_random(int(sys.argv[sys.argv.index('--random') + 1]))
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
