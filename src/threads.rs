//! Threads beside the one that runs strands: each owns something with a synchronous interface, and carries out orders.
//!
//! Unit tests can take their place: then an order is carried out when the test says so, on the thread of the test.

use std::io;
use std::ops::ControlFlow;

use tokio::sync::{mpsc, oneshot};

/// Starts a thread that carries out orders until there are no more of them, or one ends it.
///
/// # Errors
/// When the system refuses a thread.
pub fn serve<O: Send + 'static>(
    name: &str,
    mut orders: mpsc::UnboundedReceiver<O>,
    mut carry_out: impl FnMut(O) -> ControlFlow<()> + Send + 'static,
) -> io::Result<()> {
    #[cfg(test)]
    if virtual_threads::are_wanted() {
        virtual_threads::add(name, orders, carry_out);
        return Ok(());
    }
    let thread = std::thread::Builder::new().name(name.to_owned());
    let work = move || {
        while let Some(order) = orders.blocking_recv() {
            if carry_out(order).is_break() {
                break;
            }
        }
    };
    thread.spawn(work).map(drop)
}

/// Does something on a thread of its own. The receiver gets an error if it panics.
///
/// # Errors
/// When the system refuses a thread.
pub fn once<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<oneshot::Receiver<T>> {
    let (reply, done) = oneshot::channel();
    let (order, orders) = mpsc::unbounded_channel();
    let mut work = Some((work, reply));
    // The only order is there already.
    let _ = order.send(());
    serve(name, orders, move |()| {
        if let Some((work, reply)) = work.take() {
            // Whoever asked may have stopped waiting.
            let _ = reply.send(work());
        }
        ControlFlow::Break(())
    })?;
    Ok(done)
}

/// Whether threads end as those of a process that is killed, which only tests make them.
pub fn are_killed() -> bool {
    #[cfg(test)]
    let killed = virtual_threads::are_killed();
    #[cfg(not(test))]
    let killed = false;
    killed
}

/// Threads that a test steps by hand.
#[cfg(test)]
pub(crate) mod virtual_threads {
    use std::cell::{Cell, RefCell};
    use std::ops::ControlFlow;

    use tokio::sync::mpsc;

    thread_local! {
        static WANTED: RefCell<Option<Vec<VirtualThread>>> = const { RefCell::new(None) };
        static KILLED: Cell<bool> = const { Cell::new(false) };
    }

    /// A thread that carries out one order at a time.
    pub(crate) struct VirtualThread {
        pub(crate) name: String,
        step: Box<dyn FnMut() -> bool>,
        has_orders: Box<dyn Fn() -> bool>,
    }

    impl VirtualThread {
        /// Whether there is something to do.
        pub(crate) fn has_orders(&self) -> bool {
            (self.has_orders)()
        }

        /// Carries out one order; false: the thread has ended.
        pub(crate) fn step(&mut self) -> bool {
            (self.step)()
        }
    }

    /// From here on, threads that this thread starts are virtual ones.
    pub(crate) fn want() {
        WANTED.set(Some(vec![]));
    }

    /// Threads end as those of a process that is killed: nothing is cleaned up. From here on threads are real ones again.
    pub(crate) fn kill(threads: Vec<VirtualThread>) {
        KILLED.set(true);
        drop(threads);
        drop(WANTED.take());
        KILLED.set(false);
    }

    /// Whether a thread ends as that of a process that is killed.
    pub(crate) fn are_killed() -> bool {
        KILLED.get()
    }

    pub(super) fn are_wanted() -> bool {
        WANTED.with_borrow(Option::is_some)
    }

    /// The threads that were started since this was asked last.
    pub(crate) fn take() -> Vec<VirtualThread> {
        WANTED.with_borrow_mut(|wanted| wanted.as_mut().map(std::mem::take).unwrap_or_default())
    }

    pub(super) fn add<O: 'static>(
        name: &str,
        orders: mpsc::UnboundedReceiver<O>,
        mut carry_out: impl FnMut(O) -> ControlFlow<()> + 'static,
    ) {
        let orders = std::rc::Rc::new(RefCell::new(orders));
        let waiting = std::rc::Rc::clone(&orders);
        let step = move || {
            let order = orders.borrow_mut().try_recv();
            order.is_ok_and(|order| carry_out(order).is_continue())
        };
        let has_orders = move || {
            let orders = waiting.borrow();
            !orders.is_empty() || orders.is_closed()
        };
        let thread =
            VirtualThread { name: name.to_owned(), step: Box::new(step), has_orders: Box::new(has_orders) };
        WANTED.with_borrow_mut(|wanted| wanted.as_mut().map(|wanted| wanted.push(thread)));
    }
}
