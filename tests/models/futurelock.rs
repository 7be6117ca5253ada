//! The driver of a loop awaits its set of strands and nothing else. Otherwise a fair lock is handed to a strand that
//! nobody polls, and the loop hangs for ever.
//!
//! Time is virtual: it jumps to the next timer when nobody can run. If there is no timer either, that is the hang.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::{Mutex, Semaphore};

const STRANDS: u64 = 12;
const CONCURRENCY: u64 = 4;

#[test]
fn a_driver_that_awaits_only_its_set_ends() {
    let world = World::default();
    assert_eq!(world.run(driver(&world, false)), End::Ended);
    assert_eq!(world.ended.get(), STRANDS);
}

#[test]
fn a_driver_that_awaits_a_lock_between_two_results_hangs() {
    let world = World::default();
    assert_eq!(world.run(driver(&world, true)), End::Hangs);
    assert!(world.ended.get() < STRANDS);
}

#[test]
fn the_same_lock_awaited_by_a_member_of_the_set_ends() {
    let world = World::default();
    assert_eq!(world.run(driver_with_members(&world)), End::Ended);
    assert_eq!(world.ended.get(), STRANDS);
}

/// `awaits_a_lock`: between two results the driver itself takes the lock, say to renew a value that the next item needs.
async fn driver(world: &World, awaits_a_lock: bool) {
    let mut open: FuturesUnordered<_> = (1..=CONCURRENCY).map(|number| strand(world, number)).collect();
    let mut next = CONCURRENCY + 1;
    while let Some(()) = open.next().await {
        if next > STRANDS {
            continue;
        }
        if awaits_a_lock {
            drop(world.flight.lock().await);
        }
        open.push(strand(world, next));
        next += 1;
    }
}

enum Member {
    Strand,
    Renewal,
}

async fn driver_with_members(world: &World) {
    let mut open: FuturesUnordered<Pin<Box<dyn Future<Output = Member> + '_>>> = FuturesUnordered::new();
    let start = |number| {
        Box::pin(async move {
            strand(world, number).await;
            Member::Strand
        })
    };
    (1..=CONCURRENCY).for_each(|number| open.push(start(number)));

    let mut next = CONCURRENCY + 1;
    while let Some(member) = open.next().await {
        match member {
            Member::Strand if next <= STRANDS => open.push(Box::pin(async {
                drop(world.flight.lock().await);
                Member::Renewal
            })),
            Member::Strand => {}
            Member::Renewal => {
                open.push(start(next));
                next += 1;
            }
        }
    }
}

/// A request, a single flight, and room at a target.
async fn strand(world: &World, number: u64) {
    world.time.sleep(number).await;
    let single_flight = world.flight.lock().await;
    world.time.sleep(20).await;
    drop(single_flight);

    let room = world.room.acquire_many(8).await.unwrap();
    world.time.sleep(1).await;
    drop(room);
    world.ended.set(world.ended.get() + 1);
}

struct World {
    time: Time,
    flight: Mutex<()>,
    room: Semaphore,
    ended: Cell<u64>,
}

impl Default for World {
    fn default() -> Self {
        Self { time: Time::default(), flight: Mutex::new(()), room: Semaphore::new(8), ended: Cell::new(0) }
    }
}

#[derive(Debug, PartialEq)]
enum End {
    Ended,
    Hangs,
}

impl World {
    fn run(&self, future: impl Future<Output = ()>) -> End {
        let mut future = pin!(future);
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        let waker = Waker::from(Arc::clone(&woken));
        loop {
            while woken.0.swap(false, Ordering::Relaxed) {
                if future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
                    return End::Ended;
                }
            }
            if !self.time.jump() {
                return End::Hangs;
            }
        }
    }
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Milliseconds, and who waits until when.
#[derive(Default)]
struct Time {
    now: Cell<u64>,
    timers: RefCell<BTreeMap<u64, Vec<Waker>>>,
}

impl Time {
    fn sleep(&self, milliseconds: u64) -> impl Future<Output = ()> + '_ {
        let mut until = None;
        poll_fn(move |context| {
            let end = *until.get_or_insert_with(|| self.now.get() + milliseconds);
            if self.now.get() >= end {
                return Poll::Ready(());
            }
            self.timers.borrow_mut().entry(end).or_default().push(context.waker().clone());
            Poll::Pending
        })
    }

    /// Jumps to the next timer; false if there is none.
    fn jump(&self) -> bool {
        let Some((now, wakers)) = self.timers.borrow_mut().pop_first() else { return false };
        self.now.set(now);
        wakers.into_iter().for_each(Waker::wake);
        true
    }
}
