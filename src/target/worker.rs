//! The thread that owns one target, fed from async code without blocking it.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::error::TargetError;
use super::{Origin, Prepared, Receipt, Target};
use crate::record::Batch;
use crate::threads;

/// Bytes of records that may wait for a target; who wants to add more waits too.
const IN_FLIGHT_BYTES: u32 = 8 * 1024 * 1024;

#[cfg(test)]
thread_local! {
    /// The same for targets that this thread opens; so few that strands wait for each other.
    pub(crate) static FEW_BYTES: std::cell::Cell<Option<u32>> = const { std::cell::Cell::new(None) };
}

fn in_flight_bytes() -> u32 {
    #[cfg(test)]
    if let Some(few) = FEW_BYTES.get() {
        return few;
    }
    IN_FLIGHT_BYTES
}

/// A handle to the thread of a target. Dropping it abandons the target.
///
/// The first error of the target stops the thread and is given to the next call; calls after that get
/// [`TargetError::Stopped`].
#[derive(Debug)]
pub struct Worker {
    orders: mpsc::UnboundedSender<Order>,
    /// The bytes that are still free; closed when the thread ends, which wakes everyone who waits.
    room: Arc<Semaphore>,
    /// How many there are in all.
    room_bytes: u32,
    failure: Failure,
}

type Failure = Arc<Mutex<Option<TargetError>>>;

enum Order {
    Write(Vec<Batch>, Option<Origin>, OwnedSemaphorePermit),
    Void(Arc<[u64]>),
    Settle(oneshot::Sender<Result<Receipt, TargetError>>),
    Suspend(oneshot::Sender<Result<Receipt, TargetError>>),
    Prepare(oneshot::Sender<Result<Prepared, TargetError>>),
    Abandon(oneshot::Sender<()>),
}

impl Worker {
    /// Gives the target a thread of its own.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn spawn(target: Box<dyn Target>) -> Result<Self, TargetError> {
        let (orders, received) = mpsc::unbounded_channel();
        let room_bytes = in_flight_bytes();
        let room = Arc::new(Semaphore::new(room_bytes as usize));
        let failure = Failure::default();
        let room_of_thread = Closing(Arc::clone(&room));
        let mut thread = Thread { target: Some(target), failure: Arc::clone(&failure), room: room_of_thread };
        threads::serve("target", received, move |order| thread.carry_out(order))
            .map_err(|source| TargetError::NoThread { source })?;
        Ok(Self { orders, room, room_bytes, failure })
    }

    /// Waits until so many bytes may be handed over. More than all the room there is takes all of it: asking for more
    /// would wait for ever.
    ///
    /// # Errors
    /// The error that stopped the target.
    pub async fn room(&self, bytes: usize) -> Result<Room, TargetError> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX).min(self.room_bytes).max(1);
        let taken = Arc::clone(&self.room).acquire_many_owned(bytes).await.map_err(|_| self.failure())?;
        Ok(Room(taken))
    }

    /// Hands over batches, at once. That they were taken does not mean that they were written: an error of the target is
    /// told by the next call that waits.
    /// `origin` says whose records they are, if items of a loop write them.
    pub fn put(&self, batches: Vec<Batch>, origin: Option<Origin>, room: Room) {
        // The thread has ended only after an error, which is kept for the next call.
        let _ = self.orders.send(Order::Write(batches, origin, room.0));
    }

    /// What was handed over so far of whatever a path leads to does not count; at once.
    pub fn void(&self, path: &Arc<[u64]>) {
        // As with `put`.
        let _ = self.orders.send(Order::Void(Arc::clone(path)));
    }

    /// Orders, at once, that what was handed over so far is made durable. The receipt says how far the target was then,
    /// whatever is handed over before it comes.
    pub fn ask_settle(&self) -> Settling {
        let (reply, answer) = oneshot::channel();
        // As with `put`; then the reply is dropped, and the failure is told.
        let _ = self.orders.send(Order::Settle(reply));
        Settling { answer, failure: Arc::clone(&self.failure) }
    }

    /// Makes durable what was handed over, and closes the target so that another process can go on.
    ///
    /// # Errors
    /// The error that stopped the target.
    pub async fn suspend(self) -> Result<Receipt, TargetError> {
        self.ask(Order::Suspend).await?
    }

    /// Waits until everything is written and prepares it.
    ///
    /// # Errors
    /// The error that stopped the target.
    pub async fn finish(self) -> Result<Prepared, TargetError> {
        self.ask(Order::Prepare).await?
    }

    /// Gives the target up and waits until nothing of it is left.
    pub async fn abandon(self) {
        // A target that stopped earlier has cleaned up already.
        let _ = self.ask(Order::Abandon).await;
    }

    async fn ask<T>(&self, order: impl FnOnce(oneshot::Sender<T>) -> Order) -> Result<T, TargetError> {
        let (reply, answer) = oneshot::channel();
        self.orders.send(order(reply)).map_err(|_| self.failure())?;
        answer.await.map_err(|_| self.failure())
    }

    fn failure(&self) -> TargetError {
        take_failure(&self.failure)
    }
}

/// The right to hand over some bytes without waiting.
#[derive(Debug)]
pub struct Room(OwnedSemaphorePermit);

/// A receipt that is on its way.
#[derive(Debug)]
pub struct Settling {
    answer: oneshot::Receiver<Result<Receipt, TargetError>>,
    failure: Failure,
}

impl Settling {
    /// Waits for the receipt.
    ///
    /// # Errors
    /// The error that stopped the target.
    pub async fn receipt(self) -> Result<Receipt, TargetError> {
        self.answer.await.unwrap_or_else(|_| Err(take_failure(&self.failure)))
    }
}

fn take_failure(failure: &Failure) -> TargetError {
    failure.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or(TargetError::Stopped)
}

/// The thread's side. Its fields are dropped in their order: the room is closed after the failure was noted, which wakes
/// everyone who waits, however the thread ends, also by a panic.
struct Thread {
    target: Option<Box<dyn Target>>,
    failure: Failure,
    room: Closing,
}

struct Closing(Arc<Semaphore>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        // Nobody can order anything any more, and nobody ended it.
        if let Some(target) = self.target.take()
            && !thread::panicking()
            && !threads::are_killed()
        {
            target.abandon();
        }
    }
}

impl Thread {
    /// Carries out an order. The error of a write is noted and ends the target; other errors are answers.
    fn carry_out(&mut self, order: Order) -> ControlFlow<()> {
        let Some(target) = &mut self.target else { return ControlFlow::Break(()) };
        let written = match order {
            Order::Write(batches, origin, taken) => {
                // Given back only when all went well: who waits for room must not get it from a failure.
                let bytes = taken.num_permits();
                taken.forget();
                let written = write(target.as_mut(), batches, origin.as_ref());
                if written.is_ok() {
                    self.room.0.add_permits(bytes);
                }
                written
            }
            Order::Void(path) => target.void(&path),
            Order::Settle(reply) => {
                let receipt = target.settle();
                let failed = receipt.is_err();
                // Nobody waits for the answer of a call that was cancelled; the same below.
                let _ = reply.send(receipt);
                return if failed { self.end(|_| ()) } else { ControlFlow::Continue(()) };
            }
            Order::Suspend(reply) => return self.end(|target| drop(reply.send(target.suspend()))),
            Order::Prepare(reply) => return self.end(|target| drop(reply.send(target.prepare()))),
            Order::Abandon(reply) => {
                return self.end(|target| {
                    target.abandon();
                    let _ = reply.send(());
                });
            }
        };
        match written {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                self.end(|_| ())
            }
        }
    }

    fn end(&mut self, last: impl FnOnce(Box<dyn Target>)) -> ControlFlow<()> {
        self.target.take().map(last);
        ControlFlow::Break(())
    }
}

fn write(target: &mut dyn Target, batches: Vec<Batch>, origin: Option<&Origin>) -> Result<(), TargetError> {
    batches.iter().try_for_each(|batch| target.write(batch))?;
    // The answer's bytes go before somebody gets room for more of them.
    drop(batches);
    origin.map_or(Ok(()), |origin| target.note_origin(origin))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc as sync;
    use std::time::Duration;

    use bytes::Bytes;
    use tokio::time::timeout;

    use super::*;
    use crate::target::Position;

    /// A target that waits for a word before each write and tells what it did.
    struct Fake {
        words: sync::Receiver<Word>,
        told: sync::Sender<String>,
    }

    enum Word {
        Write,
        Fail,
        Panic,
    }

    impl Target for Fake {
        fn write(&mut self, batch: &Batch) -> Result<(), TargetError> {
            match self.words.recv() {
                Ok(Word::Write) => {
                    self.told.send(format!("write {}", batch.byte_len())).unwrap();
                    Ok(())
                }
                Ok(Word::Panic) => panic!("as asked"),
                Ok(Word::Fail) | Err(_) => Err(TargetError::Closed),
            }
        }

        fn note_origin(&mut self, _origin: &Origin) -> Result<(), TargetError> {
            Ok(())
        }

        fn void(&mut self, _path: &[u64]) -> Result<(), TargetError> {
            Ok(())
        }

        fn settle(&mut self) -> Result<Receipt, TargetError> {
            self.told.send("settle".to_owned()).unwrap();
            Ok(Receipt { puts: Position { records: 7, bytes: 0 }, ..Receipt::default() })
        }

        fn suspend(mut self: Box<Self>) -> Result<Receipt, TargetError> {
            self.settle()
        }

        fn prepare(self: Box<Self>) -> Result<Prepared, TargetError> {
            Ok(Prepared { records: 9, ..Prepared::default() })
        }

        fn abandon(self: Box<Self>) {
            self.told.send("abandon".to_owned()).unwrap();
        }
    }

    impl Drop for Fake {
        fn drop(&mut self) {
            let _ = self.told.send("gone".to_owned());
        }
    }

    fn fake() -> (Worker, sync::Sender<Word>, sync::Receiver<String>) {
        let ((say, words), (told, hear)) = (sync::channel(), sync::channel());
        (Worker::spawn(Box::new(Fake { words, told })).unwrap(), say, hear)
    }

    fn batch(bytes: usize) -> Batch {
        let one = std::iter::once(0..bytes).collect();
        Batch::new(Bytes::from(vec![b'1'; bytes]), one)
    }

    async fn write(worker: &Worker, bytes: usize) -> Result<(), TargetError> {
        let room = worker.room(bytes).await?;
        worker.put(vec![batch(bytes)], None, room);
        Ok(())
    }

    async fn soon<T>(call: impl Future<Output = T>) -> T {
        timeout(Duration::from_secs(20), call).await.expect("the call hangs")
    }

    async fn waits<T>(call: impl Future<Output = T>) -> bool {
        timeout(Duration::from_millis(30), call).await.is_err()
    }

    const MIB: usize = 1024 * 1024;

    #[tokio::test]
    async fn orders_are_carried_out_in_turn() {
        let (worker, say, hear) = fake();
        for bytes in 1..4 {
            say.send(Word::Write).unwrap();
            soon(write(&worker, bytes)).await.unwrap();
        }
        assert_eq!(soon(worker.ask_settle().receipt()).await.unwrap().puts.records, 7);
        assert_eq!(soon(worker.finish()).await.unwrap().records, 9);
        let told: Vec<String> = hear.iter().collect();
        assert_eq!(told, ["write 1", "write 2", "write 3", "settle", "gone"]);
    }

    #[tokio::test]
    async fn too_many_bytes_wait() {
        let (worker, say, _hear) = fake();
        soon(write(&worker, 5 * MIB)).await.unwrap();
        soon(write(&worker, 3 * MIB)).await.unwrap();
        assert!(waits(write(&worker, 1)).await);
        say.send(Word::Write).unwrap();
        soon(write(&worker, 1)).await.unwrap();
        assert!(waits(write(&worker, 9 * MIB)).await);
        say.send(Word::Write).unwrap();
        say.send(Word::Write).unwrap();
        soon(write(&worker, 9 * MIB)).await.unwrap();
    }

    #[tokio::test]
    async fn the_first_error_goes_to_the_next_call() {
        let (worker, say, hear) = fake();
        soon(write(&worker, 8 * MIB)).await.unwrap();
        let waiting = write(&worker, MIB);
        say.send(Word::Fail).unwrap();
        assert!(matches!(soon(waiting).await, Err(TargetError::Closed)));
        assert!(matches!(soon(write(&worker, 1)).await, Err(TargetError::Stopped)));
        assert!(matches!(soon(worker.ask_settle().receipt()).await, Err(TargetError::Stopped)));
        soon(worker.abandon()).await;
        assert_eq!(hear.iter().collect::<Vec<_>>(), ["gone"]);
    }

    #[tokio::test]
    async fn finish_tells_the_error_of_a_write() {
        let (worker, say, _hear) = fake();
        soon(write(&worker, 1)).await.unwrap();
        let finished = worker.finish();
        say.send(Word::Fail).unwrap();
        assert!(matches!(soon(finished).await, Err(TargetError::Closed)));
    }

    #[tokio::test]
    async fn a_panic_does_not_hang_the_run() {
        let (worker, say, _hear) = fake();
        soon(write(&worker, 8 * MIB)).await.unwrap();
        say.send(Word::Panic).unwrap();
        assert!(matches!(soon(write(&worker, 1)).await, Err(TargetError::Stopped)));
        assert!(matches!(soon(worker.finish()).await, Err(TargetError::Stopped)));
    }

    #[tokio::test]
    async fn abandoning_waits_for_the_target() {
        let (worker, _say, hear) = fake();
        soon(worker.abandon()).await;
        assert_eq!(hear.try_recv().unwrap(), "abandon");
        let (worker, _say, hear) = fake();
        drop(worker);
        assert_eq!(hear.recv().unwrap(), "abandon");
    }
}
