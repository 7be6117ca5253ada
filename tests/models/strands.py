#!/usr/bin/env python3
"""Every interleaving of the strands of a `for_each`, its targets, checkpoints and kills, and what the run left behind.

usage: [KILLS=2] [PAGES=2,2,1] python3 strands.py [word ...]
       no words: every variant; exits 1 if one is not as expected
       python3 strands.py torn frozen     the old loop: 1.9 million states, half a minute
       python3 strands.py --list          this text

A strand is one item. What stands between two awaits is one transition. The search covers the order of the strands, a
checkpoint that begins at any breath, stores that end in any order, a kill before every transition (at most KILLS of
them), a service that refuses resumed cursors, and a page that fails. Wherever a run can end, these are checked: each
record is in each target once, the records of an item are in order, the outcome told is true, and nothing is doubled or
lost by the next run, which reads what lies above the watermark.

A variant is a set of words. No word is the loop as it must not be; the variants say which words a clean loop needs.

  How places and records are kept
    frozen        the list of items is written once; without it, a resumed run sees the items in another order
    delta         marks are merged in the instant of landing, not computed before the wait for room
    keep_failed   failed items are in the checkpoint
    by_strand     every resumed cursor proves itself; without it, one proven strand proves all
    segments      the spool knows which bytes belong to which item: an item can be taken back alone, items land in order
    ordered       only the first open item lands
    frontier      a partial landing promotes to the first window that is not complete, not to the maximum
    torn          records are put first and the place is noted after an await (the old loop; shows that this search sees)
    two_stores    two checkpoints may be in flight and end in any order (harmless: each is whole)
    fresh_cut     a target's length is read when its settling ends, not in the instant of the checkpoint

  What happens
    fail          item 1 fails on its second page (on_error: skip); every item has a mark of its own
    refuse        the service refuses resumed cursors
    window        the items are rising windows; item 1 fails and with it the run, which lands in part (row_order: asc)
    share         one mark serves all items

  A gap: item 1 fails on its second page (on_error: skip), and one mark serves all items
    gap           the mark moves to the end of the unbroken prefix of complete windows; `append` lands only that prefix
    unordered     the items are no rising windows: the mark stays, and `append` lands nothing
    merge         the target merges by key: everything complete lands, since reading it again changes nothing
    to_maximum    the mark moves to the maximum of the complete items, beyond the gap
    to_frontier   the mark moves to the end of the prefix although the items are no windows
    beyond        complete items beyond the gap land in `append` too

  land: each: when the unbroken prefix of complete windows has grown, it is prepared, decided with its mark, and applied
    each          the decision notes in the journal which windows have landed; a resumed run does not land them again
    reread        a resumed run reads a landed window again if its checkpoint is older (harmless: it does not land twice)
    forget        nothing notes what has landed
    note_later    what has landed is noted when it was applied, not in the transaction of the decision
    in_checkpoint what has landed is noted in the checkpoint, which one that was in flight may overwrite
    mark_at_end   the mark moves when the run ends, not with the decision
    blind         recovery applies a decision again without asking the target whether it holds it
    land_all      the landing at the end of the run takes everything, what has landed included
    (with `beyond`, a window lands as soon as it is complete, whatever is open before it)
"""
import os
import sys
import time
from typing import NamedTuple, Optional

PAGES = tuple(map(int, os.environ.get('PAGES', '1,2,1').split(',')))  # pages of each of three items
CONCURRENCY = 2
KILLS = int(os.environ.get('KILLS', 1))
ALL = [(item, page) for item, pages in enumerate(PAGES) for page in range(pages)]
RISING = {record: at + 1 for at, record in enumerate(ALL)}  # what a watermark compares, rising from window to window
FALLING = {record: len(ALL) - at for at, record in enumerate(ALL)}

# Where a landing while the run goes on stands.
IDLE, PREPARED, DECIDED, APPLIED = range(4)


class Landing(NamedTuple):
    """What `land: each` has done."""
    at: int = IDLE
    slots: tuple = ()    # that it is about
    staged: tuple = ()   # their records
    noted: tuple = ()    # slots that the journal says have landed
    visible: tuple = ()  # records in the target
    mark: int = 0


class State(NamedTuple):
    order: tuple                    # which item is at which place of the list
    next: int = 0                   # place of the next item to start
    open: tuple = ()                # (place, page, where in the page, mark seen, resumed and not proven)
    mark: int = 0
    spools: tuple = ((), ())
    failed: tuple = ()
    durable: Optional[tuple] = None
    flying: tuple = ()              # checkpoints on their way to the disk
    kills: int = 0
    proven: bool = False
    resumed: bool = False
    landing: Landing = Landing()


class Partial(NamedTuple):
    """A run that failed and lands in part."""
    spool: tuple
    mark: int
    open: tuple


STUCK = ('stuck',)


def effective(spool):
    """The records that land: a void segment (item, -1) takes back what the item had before it."""
    out = []
    for record in spool:
        out = [r for r in out if r[0] != record[0]] if record[1] < 0 else out + [record]
    return out


def doubled(records):
    return len(set(records)) < len(records)


class Model:
    def __init__(self, words):
        self.words = set(words)
        self.seen, self.bad, self.outputs, self.ends = set(), {}, set(), 0
        self.value = FALLING if self.has('unordered') else RISING

    def has(self, word):
        return word in self.words

    def note(self, what, state):
        self.bad.setdefault(what, [0, state])
        self.bad[what][0] += 1

    # Checkpoints and kills

    def snapshot(self, s):
        kept = tuple((slot, page) for slot, page, *_ in s.open)
        failed = s.failed if self.has('keep_failed') else ()
        noted = s.landing.noted if self.has('in_checkpoint') else ()
        return (s.next, kept, s.mark, tuple(map(len, s.spools)), failed, noted)

    def start(self, s, order):
        return State(order, durable=None, kills=s.kills, landing=s.landing)

    def resume(self, s):
        order = (0, 1, 2) if self.has('frozen') else (1, 0, 2)
        s = s._replace(kills=s.kills + 1, landing=self.recovered(s))
        if s.durable is None:
            return self.start(s, order)

        start_at, kept, mark, lengths, failed, _ = s.durable
        spools = tuple(spool[:length] for spool, length in zip(s.spools, lengths))
        if any(len(spool) < length for spool, length in zip(s.spools, lengths)):
            self.note('spool is shorter than its checkpoint', s)
        opened = tuple((slot, page, 0, 0, page > 0) for slot, page in kept if self.is_read(s, slot))
        return s._replace(order=order, next=start_at, open=opened, mark=mark, spools=spools, failed=failed,
                          flying=(), proven=False, resumed=True)

    def is_read(self, s, slot):
        return slot not in s.landing.noted or self.has('reread')

    def recovered(self, s):
        """What the next process finds: what was decided is applied, what was only prepared is removed."""
        was = s.landing
        visible = was.visible
        if was.at == DECIDED or (was.at == APPLIED and self.has('blind')):
            visible += was.staged
        noted = was.noted
        if self.has('in_checkpoint'):
            noted = s.durable[5] if s.durable else ()
        if self.has('forget'):
            noted = ()
        if self.has('each'):
            self.next_run(s, list(visible), was.mark, 'killed, and the next run starts over')
        return Landing(noted=noted, visible=visible, mark=was.mark)

    # Transitions

    def moves(self, s):
        if s.next < len(PAGES) and len(s.open) < CONCURRENCY:  # starting an item is no choice: the driver does it at once
            begun = ((s.next, 0, 0, 0, False),) if self.is_read(s, s.next) else ()
            return [s._replace(next=s.next + 1, open=tuple(sorted(s.open + begun)))]
        out = []
        for at in range(len(s.open)):
            out += self.strand(s, at)
        out += self.checkpoints(s)
        if self.has('each'):
            out += self.landings(s)
        if s.kills < KILLS:
            out.append(self.resume(s))
        return out

    def strand(self, s, at):
        slot, page, where, local, fresh = s.open[at]
        item, rest = s.order[slot], s.open[:at] + s.open[at + 1:]

        def put(*strand):
            return tuple(sorted(rest + (strand,)))

        if where == 0:  # send, answer, read: before the wait for room
            return self.asked(s, rest, slot, page, fresh, put)
        if where == 1:  # there is room
            if self.has('ordered') and slot != min(o[0] for o in s.open):
                return []
            record = ((item, page),)
            if self.has('torn'):
                return [s._replace(open=put(slot, page, 2, local, fresh), spools=(s.spools[0] + record, s.spools[1]))]
            return [self.land(s, rest, slot, page, local, (s.spools[0] + record, s.spools[1] + record))]
        if where == 2:
            spools = (s.spools[0], s.spools[1] + ((item, page),))
            return [s._replace(open=put(slot, page, 3, local, fresh), spools=spools)]
        return [self.land(s, rest, slot, page, local, s.spools)]

    def asked(self, s, rest, slot, page, fresh, put):
        item, out = s.order[slot], []
        void = tuple(spool + ((item, -1),) for spool in s.spools) if self.has('segments') else s.spools
        if self.has('refuse') and s.resumed and fresh:
            if self.has('segments'):  # this item alone begins again
                out.append(s._replace(open=put(slot, 0, 0, 0, False), spools=void))
            elif not s.proven or self.has('by_strand'):
                out.append(self.start(s._replace(durable=None), s.order))
            else:
                out.append(STUCK)

        second_page_of_item_1 = item == 1 and page == 1
        if second_page_of_item_1 and (self.has('fail') or self.has('gap')):
            out.append(s._replace(open=rest, failed=tuple(sorted(set(s.failed) | {item})), spools=void))
        elif second_page_of_item_1 and self.has('window'):
            out.append(Partial(s.spools[0], s.mark, tuple((s.order[o[0]], o[1]) for o in s.open)))
        else:
            value = self.value.get((item, page), 0)
            local = value if self.has('delta') else max(s.mark, value)
            out.append(s._replace(open=put(slot, page, 1, local, fresh)))
        return out

    def land(self, s, rest, slot, page, local, spools):
        mark = max(s.mark, local) if self.has('delta') else local
        is_last = page + 1 >= PAGES[s.order[slot]]
        opened = rest if is_last else tuple(sorted(rest + ((slot, page + 1, 0, 0, False),)))
        return s._replace(open=opened, mark=mark, spools=spools, proven=True)

    def checkpoints(self, s):
        out = []
        most = 2 if self.has('two_stores') else 1
        if len(s.flying) < most and (s.open or s.next):  # a breath: the instant of a checkpoint
            taken = self.snapshot(s)
            if taken != s.durable and taken not in s.flying:
                out.append(s._replace(flying=s.flying + (taken,)))
        for at, taken in enumerate(s.flying):  # a store ends
            if at and not self.has('two_stores'):
                break
            if self.has('fresh_cut'):
                taken = taken[:3] + (tuple(map(len, s.spools)),) + taken[4:]
            out.append(s._replace(durable=taken, flying=s.flying[:at] + s.flying[at + 1:]))
        return out

    # Landing while the run goes on

    def complete(self, s):
        still_open = {o[0] for o in s.open}
        return [slot for slot in range(s.next) if slot not in still_open and s.order[slot] not in s.failed]

    @staticmethod
    def unbroken(slots):
        """The prefix of the list before its first gap."""
        prefix = []
        while len(prefix) in slots:
            prefix.append(len(prefix))
        return prefix

    def highest(self, s, slots):
        return max((self.value[r] for r in ALL if r[0] in {s.order[slot] for slot in slots}), default=0)

    def landings(self, s):
        now = s.landing
        if now.at == IDLE:
            complete = self.complete(s)
            ready = complete if self.has('beyond') else self.unbroken(complete)
            slots = tuple(slot for slot in ready if slot not in now.noted)
            if not slots:
                return []
            items = {s.order[slot] for slot in slots}
            staged = tuple(sorted(r for r in effective(s.spools[0]) if r[0] in items))
            return [s._replace(landing=now._replace(at=PREPARED, slots=slots, staged=staged))]

        noted = tuple(sorted(set(now.noted) | set(now.slots)))
        if now.at == PREPARED:  # one transaction: what lands, its mark, and the note that it has landed
            counted = noted if self.has('to_maximum') else self.unbroken(noted)
            mark = now.mark if self.has('mark_at_end') else max(now.mark, self.highest(s, counted))
            decided = now._replace(at=DECIDED, mark=mark, noted=now.noted if self.has('note_later') else noted)
            durable = s.durable
            if self.has('in_checkpoint'):
                durable = (durable or self.snapshot(s))[:5] + (noted,)
            return [s._replace(landing=decided, durable=durable)]
        if now.at == DECIDED:
            return [s._replace(landing=now._replace(at=APPLIED, visible=now.visible + now.staged))]
        return [s._replace(landing=now._replace(at=IDLE, slots=(), staged=(), noted=noted))]

    # What an ended run left

    def end(self, s):
        if self.has('each') and s.landing.at != IDLE:
            return
        self.ends += 1
        if self.has('gap') or self.has('each'):
            self.end_of_windows(s)
            return
        for at, spool in enumerate(s.spools):
            self.end_of_target(s, at, spool)
        if sorted(effective(s.spools[0])) != sorted(effective(s.spools[1])):
            self.note('targets differ', s)
        if self.has('share') and not s.failed and s.mark != max(self.value.values()):
            self.note('shared watermark is not the maximum: the next run doubles (append)', s)

    def end_of_target(self, s, at, spool):
        out = effective(spool)
        if self.has('segments'):
            out = sorted(out)
        if any(r not in out and r[0] not in s.failed for r in ALL):
            what = 'records of a good item are missing' if s.failed else 'told complete, and records are missing'
            self.note(what, s)
        if doubled(out):
            self.note('doubled in one run', s)
        for item in range(len(PAGES)):
            own = [r for r in out if r[0] == item]
            if own != sorted(own):
                self.note('order inside an item', s)
        if at == 0:
            self.outputs.add(tuple(out))
            if s.failed:  # append; the next run reads the failed items whole
                if doubled(out + [r for r in ALL if r[0] in s.failed]):
                    self.note('doubled by the next run (append, on_error: skip)', s)

    def end_of_windows(self, s):
        """The last landing of a run whose items share one mark."""
        complete = self.complete(s)
        prefix = self.unbroken(complete)
        whole = len(complete) == len(PAGES)
        landed = set(complete) if self.has('merge') or self.has('beyond') else set(prefix)
        if self.has('unordered') and not (whole or self.has('merge') or self.has('beyond')):
            landed = set()
        if self.has('unordered') and not (whole or self.has('to_frontier') or self.has('to_maximum')):
            counted = []
        else:
            counted = complete if self.has('to_maximum') else prefix

        visible = list(s.landing.visible)
        items = {s.order[slot] for slot in landed if self.has('land_all') or slot not in s.landing.noted}
        visible += sorted(r for r in effective(s.spools[0]) if r[0] in items)
        self.outputs.add(tuple(visible))
        if whole and set(visible) != set(ALL):
            self.note('told complete, and records are missing', s)
        self.next_run(s, visible, max(s.landing.mark, self.highest(s, counted)), 'ended')

    def partial(self, s):
        self.ends += 1
        mark = s.mark
        if self.has('segments') or self.has('frontier'):
            first = min(item for item, _ in s.open)  # the first window that is not complete
            good = [r for r in ALL if r[0] < first or (r[0] == first and r[1] < dict(s.open)[first])]
            mark = max((self.value[r] for r in good), default=0)
        out = [r for r in s.spool if self.value[r] <= mark] if self.has('segments') else list(s.spool)
        self.next_run(s, out, mark, 'partial landing')

    def next_run(self, s, visible, mark, when):
        """The next run reads what lies above the mark."""
        both = visible + [r for r in ALL if self.value[r] > mark]
        if doubled(both) and not self.has('merge'):
            self.note(when + ': doubled by the next run' if not doubled(visible) else when + ': doubled', s)
        if set(both) != set(ALL):
            self.note(when + ': lost for ever', s)

    def run(self):
        stack = [State((0, 1, 2))]
        while stack:
            s = stack.pop()
            if s in self.seen:
                continue
            self.seen.add(s)
            if s == STUCK:
                self.note('fails at every run: one strand proven, another cursor gone', s)
            elif isinstance(s, Partial):
                self.partial(s)
            else:
                if not s.open and s.next >= len(PAGES):
                    self.end(s)
                stack.extend(self.moves(s))


GOOD = 'delta keep_failed frozen by_strand'
WINDOWS = GOOD + ' segments gap'
EACH = GOOD + ' segments each'
VARIANTS = [  # words, whether it must be clean
    ('frozen', True),
    ('frozen two_stores', True),
    ('', False),
    ('frozen share', False),
    ('frozen share delta', True),
    ('frozen fresh_cut', False),
    ('frozen fail', False),
    ('frozen fail keep_failed', False),
    ('frozen keep_failed delta fail segments', True),
    ('frozen refuse', False),
    ('frozen refuse by_strand', True),
    ('frozen refuse segments', True),
    ('frozen window', False),
    ('frozen window frontier', False),
    ('frozen window frontier ordered', True),
    ('frozen window ordered', True),
    ('frozen window segments', True),
    (GOOD, True),
    (GOOD + ' ordered', True),
    (GOOD + ' segments', True),
    (GOOD + ' segments share', True),
    (GOOD + ' segments refuse', True),
    (GOOD + ' segments fail', True),

    (WINDOWS, True),
    (WINDOWS + ' refuse', True),
    (WINDOWS + ' merge', True),
    (WINDOWS + ' beyond', False),
    (WINDOWS + ' to_maximum', False),
    (WINDOWS + ' to_maximum beyond', False),
    (WINDOWS + ' to_maximum merge', False),
    (WINDOWS + ' unordered', True),
    (WINDOWS + ' unordered merge', True),
    (WINDOWS + ' unordered beyond', False),
    (WINDOWS + ' unordered to_frontier', False),
    (WINDOWS + ' unordered to_frontier merge', False),

    (EACH, True),
    (EACH + ' refuse', True),
    (EACH + ' reread', True),
    (EACH + ' reread refuse', True),
    (EACH + ' gap', True),
    (EACH + ' gap merge', True),
    (EACH + ' forget', False),
    (EACH + ' note_later', False),
    (EACH + ' in_checkpoint', False),
    (EACH + ' mark_at_end', False),
    (EACH + ' blind', False),
    (EACH + ' land_all', False),
    (EACH + ' beyond', False),
    (EACH + ' beyond to_maximum', False),
    (EACH + ' gap beyond', False),
]


def main():
    if sys.argv[1:] == ['--list']:
        print(__doc__)
        return 0
    todo = [(' '.join(sys.argv[1:]), None)] if sys.argv[1:] else VARIANTS
    wrong = 0
    for words, clean in todo:
        model, began = Model(words.split()), time.time()
        model.run()
        as_expected = clean is None or clean == (not model.bad)
        wrong += not as_expected
        print(f"{'ok' if as_expected else 'NOT AS EXPECTED'} [{words or 'no word'}] states {len(model.seen)}, "
              f"ends {model.ends}, orders of the output {len(model.outputs)}, {time.time() - began:.1f} s", flush=True)
        for what, (count, _) in sorted(model.bad.items()):
            print(f"      {count:6}  {what}")
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
