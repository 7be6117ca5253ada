//! The thread that owns one target, fed from async code without blocking it.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::error::TargetError;
use super::{Origin, Prepared, Receipt, Target};
use crate::record::Batch;

/// Bytes of records that may wait for a target; who wants to add more waits too.
const IN_FLIGHT_BYTES: u32 = 8 * 1024 * 1024;

/// A handle to the thread of a target. Dropping it abandons the target.
///
/// The first error of the target stops the thread and is given to the next call; calls after that get
/// [`TargetError::Stopped`].
#[derive(Debug)]
pub struct Worker {
    orders: mpsc::UnboundedSender<Order>,
    /// The bytes that are still free; closed when the thread ends, which wakes everyone who waits.
    room: Arc<Semaphore>,
    failure: Failure,
}

type Orders = mpsc::UnboundedReceiver<Order>;
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
        let room = Arc::new(Semaphore::new(IN_FLIGHT_BYTES as usize));
        let failure = Failure::default();
        let served =
            Thread { orders: received, room: Closing(Arc::clone(&room)), failure: Arc::clone(&failure) };
        let thread = thread::Builder::new().name("target".to_owned());
        thread.spawn(move || served.work(target)).map_err(|source| TargetError::NoThread { source })?;
        Ok(Self { orders, room, failure })
    }

    /// Waits until so many bytes may be handed over. More than all the room there is takes all of it: asking for more
    /// would wait for ever.
    ///
    /// # Errors
    /// The error that stopped the target.
    pub async fn room(&self, bytes: usize) -> Result<Room, TargetError> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX).clamp(1, IN_FLIGHT_BYTES);
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

/// The thread's side. Its fields are dropped in their order, after the failure was noted.
struct Thread {
    orders: Orders,
    room: Closing,
    failure: Failure,
}

impl Thread {
    fn work(mut self, target: Box<dyn Target>) {
        if let Err(error) = serve(target, &mut self.orders, &self.room.0) {
            *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        }
        drop(self.room);
    }
}

/// Closes the room however the thread ends, also by a panic.
struct Closing(Arc<Semaphore>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Carries out orders until one ends the target. The error of a write is returned, other errors are answers.
fn serve(mut target: Box<dyn Target>, orders: &mut Orders, room: &Semaphore) -> Result<(), TargetError> {
    while let Some(order) = orders.blocking_recv() {
        match order {
            Order::Write(batches, origin, taken) => {
                // Given back only when all went well: who waits for room must not get it from a failure.
                let bytes = taken.num_permits();
                taken.forget();
                batches.iter().try_for_each(|batch| target.write(batch))?;
                if let Some(origin) = &origin {
                    target.note_origin(origin)?;
                }
                // The answer's bytes go before somebody gets room for more of them.
                drop(batches);
                room.add_permits(bytes);
            }
            Order::Void(path) => target.void(&path)?,
            Order::Settle(reply) => {
                let receipt = target.settle();
                let failed = receipt.is_err();
                // Nobody waits for the answer of a call that was cancelled; the same below.
                let _ = reply.send(receipt);
                if failed {
                    return Ok(());
                }
            }
            Order::Suspend(reply) => {
                let _ = reply.send(target.suspend());
                return Ok(());
            }
            Order::Prepare(reply) => {
                let _ = reply.send(target.prepare());
                return Ok(());
            }
            Order::Abandon(reply) => {
                target.abandon();
                let _ = reply.send(());
                return Ok(());
            }
        }
    }
    target.abandon();
    Ok(())
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
