//! Requests of later pages, sent before their turn.
//!
//! An early answer is a guess: it is judged only when its page's turn comes and the request of that page is exactly the
//! one that was sent. Otherwise it is dropped, errors included.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::task::JoinHandle;

use crate::http::{Request, Response, SendError, Transport};

/// What a request came to.
pub(super) type Sent = Result<Response, SendError>;

/// Requests in flight for later pages, in the order of their pages.
#[derive(Debug, Default)]
pub(super) struct Prefetch {
    early: VecDeque<Early>,
}

#[derive(Debug)]
struct Early {
    page: u64,
    request: Request,
    /// Which of its sign-ins it was signed with.
    session: u64,
    task: JoinHandle<Sent>,
}

impl Prefetch {
    /// Sends the request of a page before its turn, signed.
    pub(super) fn send(
        &mut self,
        transport: &Arc<Transport>,
        page: u64,
        request: Request,
        signed: Request,
        session: u64,
    ) {
        let transport = Arc::clone(transport);
        let task = tokio::spawn(async move { transport.send(&signed).await });
        self.early.push_back(Early { page, request, session, task });
    }

    /// The task that has sent exactly the request of this page, signed as it would be now. One wrong guess makes the
    /// others worthless.
    pub(super) fn take(&mut self, page: u64, request: &Request, session: u64) -> Option<JoinHandle<Sent>> {
        let front = self.early.front()?;
        if front.page > page {
            return None; // the page is tried again, the later ones are still good
        }
        if front.page == page && front.request == *request && front.session == session {
            return self.early.pop_front().map(|early| early.task);
        }
        self.clear();
        None
    }

    /// How many are in flight.
    pub(super) fn len(&self) -> usize {
        self.early.len()
    }

    /// Drops all of them: paging ended, or they were rendered with values that are no longer good.
    pub(super) fn clear(&mut self) {
        self.early.drain(..).for_each(|early| early.task.abort());
    }
}

impl Drop for Prefetch {
    fn drop(&mut self) {
        self.clear();
    }
}
